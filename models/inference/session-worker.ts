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
import { encodeModel } from '../graph/onnx/onnx-wire.ts'
import { splitHead } from '../graph/onnx/split-head.ts'
import { readMappedModel } from '../graph/weights/mapped-weights.ts'
import { HeadSessions } from './head-sessions.ts'
import { setThreadPriority } from '../runtime/thread-priority.ts'
import { sessionConfig, sessionOptions } from '../runtime/session-options.ts'
import type {
  HeadColumns,
  HeadStart,
  PoolMessage,
  SessionShape,
  TokenBatch,
  WorkerMessage,
  WorkerStart,
} from './session-messages.ts'

if (parentPort !== null) listen(parentPort)

/** The model that the thread holds. */
type Held = {
  readonly session: InferenceSession
  readonly start: WorkerStart
  /** What is applied to the embeddings, if the session is an encoder for several heads. */
  readonly heads: HeadSessions | undefined
}

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
          held = loaded.held
          send({ kind: 'ready', shape: loaded.shape })
        }
        break
      }
      case 'run': {
        const answer = await answerTo(held!, message)
        send(answer, answer.kind === 'done' ? [answer.rows.buffer as ArrayBuffer] : [])
        break
      }
      case 'attach':
        send(await attach(held!, message.start))
        break
      case 'detach':
        await held!.heads?.remove(message.head)
        break
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
  | { readonly kind: 'loaded'; readonly held: Held; readonly shape: SessionShape }
  | Extract<WorkerMessage, { kind: 'refused' }>

async function load(start: WorkerStart): Promise<Loaded> {
  try {
    const session = await onDevice(start, () => createSession(start))
    const heads = start.heads === undefined ? undefined : new HeadSessions()
    for (const head of start.heads ?? []) await heads!.add(head)
    const held = { session, start, heads }
    return { kind: 'loaded', held, shape: await warmUp(held) }
  } catch (error) {
    return { kind: 'refused', ...refusal(error) }
  }
}

async function attach(
  { heads }: Held,
  start: HeadStart,
): Promise<Extract<WorkerMessage, { kind: 'attached' | 'unattached' }>> {
  const { head } = start
  try {
    if (heads === undefined) throw new TypeError('the thread has no encoder for several heads')
    await heads.add(start)
    return { kind: 'attached', head }
  } catch (error) {
    return { kind: 'unattached', head, ...refusal(error) }
  }
}

function refusal(
  error: unknown,
): Pick<Extract<WorkerMessage, { kind: 'refused' }>, 'code' | 'message'> {
  const code = error instanceof WinnowError ? error.code : 'session_failed'
  return { code, message: errorMessage(error) }
}

async function answerTo(
  held: Held,
  { id, batch }: Extract<PoolMessage, { kind: 'run' }>,
): Promise<Extract<WorkerMessage, { kind: 'done' | 'failed' }>> {
  const started = performance.now()
  try {
    const { rows, columns } = await runBatch(held, batch)
    const runMs = performance.now() - started
    return { kind: 'done', id, rows, width: rows.length / batch.batch, columns, runMs }
  } catch (error) {
    return { kind: 'failed', id, message: errorMessage(error) }
  }
}

/** Does what only one thread may do at a time, if the device is of that kind. */
function onDevice<Result>({ device }: WorkerStart, work: () => Promise<Result>): Promise<Result> {
  return device?.turn === undefined ? work() : inTurn(device.turn, work)
}

async function release(held: Held | undefined): Promise<void> {
  if (held === undefined) return
  await held.heads?.release()
  await onDevice(held.start, () => held.session.release())
}

async function createSession({
  modelPath,
  output,
  device,
  heads,
}: WorkerStart): Promise<InferenceSession> {
  // Read here and not by the pool, whose thread serves: what is left of the reading, 2 MB for
  // MiniLM, would bring on its collector in the middle of swaps.
  const plainModel =
    device === undefined ? await readCpuModel(modelPath) : await readDeviceModel(modelPath, device)
  const model =
    heads !== undefined
      ? encodeModel(splitHead(plainModel).encoder)
      : output === 'embedding'
        ? withEmbeddingOutput(plainModel)
        : plainModel
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

type Rows = {
  readonly rows: Float32Array<ArrayBuffer>
  readonly columns?: readonly HeadColumns[] | undefined
}

/** rows float32 [batch, width] of one run, in memory of our own that can be transferred. */
async function runBatch(
  { session, start, heads }: Held,
  { ids, batch, tokens, lengths }: TokenBatch,
): Promise<Rows> {
  const feeds: Record<string, Tensor> = { input_ids: new Tensor('int32', ids, [batch, tokens]) }
  if (lengths !== undefined) feeds['lengths'] = new Tensor('int32', lengths, [batch])
  const { output } = start
  const results = await onDevice(start, () => session.run(feeds, [output]))
  const rows = results[output]
  if (!(rows?.data instanceof Float32Array)) throw new Error(`${output} is not float32`)
  const read = heads === undefined ? { rows: Float32Array.from(rows.data) } : heads.run(rows, batch)
  try {
    return await read
  } finally {
    rows.dispose()
  }
}

/** Checks the graph's interface and runs it once, so that the first real batch is not slow. */
async function warmUp(held: Held): Promise<SessionShape> {
  const { session } = held
  const { output } = held.start
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
  const { rows } = await runBatch(held, batch)
  return { width: rows.length, masksPadding }
}
