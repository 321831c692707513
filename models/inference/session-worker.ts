// The body of one inference thread: one ONNX Runtime session, batches in, rows out. `session.run`
// blocks its thread, which is why each session has one. It owns session options and input
// tensors; queues and restarts are the pool's. A run that throws fails only its own batch.
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { InferenceSession, Tensor } from '../runtime/onnx-runtime.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { deviceOptions, readDeviceModel } from '../devices/device-model.ts'
import { inTurn } from '../devices/device-turn.ts'
import { hasInt8Layers, productsSaturate, withUnsignedWeights } from '../graph/int8/saturation.ts'
import { withEmbeddingOutput } from '../graph/onnx/embedding-output.ts'
import { readMappedModel } from '../graph/weights/mapped-weights.ts'
import { setThreadPriority } from './thread-priority.ts'
import { sessionConfig, sessionOptions } from './session-options.ts'
import type {
  PoolMessage,
  SessionShape,
  TokenBatch,
  WorkerMessage,
  WorkerStart,
} from './session-messages.ts'

if (parentPort !== null) listen(parentPort)

/** The model that the thread holds. */
type Held = { readonly session: InferenceSession; readonly start: WorkerStart }

function listen(port: NonNullable<typeof parentPort>): void {
  let held: Held | undefined
  const send = (message: WorkerMessage, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer)
  const handle = async (message: PoolMessage): Promise<void> => {
    switch (message.kind) {
      case 'load': {
        const thread = setThreadPriority(message.start.priority ?? 'normal')
        if (thread !== undefined) send({ kind: 'yielding', thread })
        const loaded = await load(message.start)
        if (loaded.kind === 'refused') {
          send(loaded)
          end()
        } else {
          held = { session: loaded.session, start: message.start }
          send({ kind: 'ready', shape: loaded.shape })
        }
        break
      }
      case 'run': {
        const answer = await answerTo(held!, message)
        send(answer, answer.kind === 'done' ? [answer.rows.buffer as ArrayBuffer] : [])
        break
      }
      case 'release':
        await release(held)
        held = undefined
        send({ kind: 'released' })
        break
      case 'close':
        try {
          await release(held)
        } finally {
          end()
        }
    }
  }
  // The next batch may arrive while one runs; runs follow each other, so that their times add up.
  let last = Promise.resolve()
  const onMessage = (message: PoolMessage): void => {
    last = last.then(() => handle(message))
  }
  // Without a listener the thread has nothing to wait for. Deno's port has no close().
  const end = (): void => void port.off('message', onMessage)
  port.on('message', onMessage)
}

type Loaded =
  | {
      readonly kind: 'loaded'
      readonly session: InferenceSession
      readonly shape: SessionShape
    }
  | Extract<WorkerMessage, { kind: 'refused' }>

async function load(start: WorkerStart): Promise<Loaded> {
  try {
    const session = await onDevice(start, () => createSession(start))
    return { kind: 'loaded', session, shape: await warmUp(session, start) }
  } catch (error) {
    const code = error instanceof WinnowError ? error.code : 'session_failed'
    return { kind: 'refused', code, message: errorMessage(error) }
  }
}

async function answerTo(
  { session, start }: Held,
  { id, batch }: Extract<PoolMessage, { kind: 'run' }>,
): Promise<Extract<WorkerMessage, { kind: 'done' | 'failed' }>> {
  const started = performance.now()
  try {
    const rows = await runBatch(session, batch, start)
    const runMs = performance.now() - started
    return { kind: 'done', id, rows, width: rows.length / batch.batch, runMs }
  } catch (error) {
    return { kind: 'failed', id, message: errorMessage(error) }
  }
}

/** Does what only one thread may do at a time, if the device is of that kind. */
function onDevice<Result>({ device }: WorkerStart, work: () => Promise<Result>): Promise<Result> {
  return device?.turn === undefined ? work() : inTurn(device.turn, work)
}

async function release(held: Held | undefined): Promise<void> {
  if (held !== undefined) await onDevice(held.start, () => held.session.release())
}

async function createSession({
  modelPath,
  output,
  device,
}: WorkerStart): Promise<InferenceSession> {
  // Read here and not by the pool, whose thread serves: what is left of the reading, 2 MB for
  // MiniLM, would bring on its collector in the middle of swaps.
  const plainModel =
    device === undefined ? await readCpuModel(modelPath) : await readDeviceModel(modelPath, device)
  const model = output === 'embedding' ? withEmbeddingOutput(plainModel) : plainModel
  // A model given as bytes has no folder of its own in which its weights could be found.
  const folder = { model_external_initializers_file_folder_path: dirname(modelPath) }
  const extra = { session: { ...sessionConfig, ...folder } }
  const ofDevice = device === undefined ? {} : deviceOptions(device)
  return InferenceSession.create(model, { ...sessionOptions, ...ofDevice, extra })
}

/** The model as this processor computes it exactly. */
async function readCpuModel(modelPath: string): Promise<Uint8Array> {
  const mappedModel = readMappedModel(modelPath)
  if (!hasInt8Layers(mappedModel) || !(await productsSaturate())) return mappedModel
  return withUnsignedWeights(await readFile(modelPath))
}

/** rows float32 [batch, width] of one run, in memory of our own that can be transferred. */
async function runBatch(
  session: InferenceSession,
  { ids, batch, tokens, lengths }: TokenBatch,
  start: WorkerStart,
): Promise<Float32Array<ArrayBuffer>> {
  const feeds: Record<string, Tensor> = { input_ids: new Tensor('int32', ids, [batch, tokens]) }
  if (lengths !== undefined) feeds['lengths'] = new Tensor('int32', lengths, [batch])
  const { output } = start
  const results = await onDevice(start, () => session.run(feeds, [output]))
  const rows = results[output]
  if (!(rows?.data instanceof Float32Array)) throw new Error(`${output} is not float32`)
  const copy = Float32Array.from(rows.data)
  rows.dispose()
  return copy
}

/** Checks the graph's interface and runs it once, so that the first real batch is not slow. */
async function warmUp(session: InferenceSession, start: WorkerStart): Promise<SessionShape> {
  const { output } = start
  const masksPadding = session.inputNames.includes('lengths')
  const expected = masksPadding ? 'input_ids,lengths' : 'input_ids'
  const given = session.inputNames.toSorted().join(',')
  if (given !== expected || !session.outputNames.includes(output)) {
    throw new WinnowError(
      'model_incompatible',
      `The graph has the inputs ${given} and the outputs ${session.outputNames.join(',')} ` +
        `instead of the inputs ${expected} and the output ${output}.`,
    )
  }
  const tokens = 8
  const batch: TokenBatch = {
    ids: new Int32Array(tokens),
    batch: 1,
    tokens,
    ...(masksPadding && { lengths: Int32Array.of(tokens) }),
  }
  const rows = await runBatch(session, batch, start)
  return { width: rows.length, masksPadding }
}
