// Runs code in Deno's Jupyter kernel and collects what it shows, by Jupyter's messaging protocol
// (jupyter-client.readthedocs.io, 5.3). zmtp.ts is the transport.
import { spawn, type ChildProcess } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { choosePort } from '../../infra/local/services/free-ports.ts'
import { until } from '../support/until.ts'
import { connectZmtp, type ZmtpConnection } from './zmtp.ts'
import type { Output } from './notebook-file.ts'

/** A running kernel. */
export type Kernel = {
  /** Runs a cell and gives its outputs in the form of a notebook. */
  execute(code: string): Promise<{ status: 'ok' | 'error'; outputs: Output[] }>
  /** Ends the process. */
  close(): Promise<void>
}

const readyMsMax = 60_000

/** Starts the kernel in a folder. The caller closes it. */
export async function startKernel(options: {
  cwd: string
  env?: Readonly<Record<string, string>>
}): Promise<Kernel> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-kernel-'))
  const ports = new Set<number>()
  while (ports.size < 5) ports.add(await choosePort([], ports))
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports
  const key = randomUUID()
  const place = { transport: 'tcp', ip: '127.0.0.1', key, signature_scheme: 'hmac-sha256' }
  const file = join(dir, 'connection.json')
  const connection = { ...place, shell_port, iopub_port, stdin_port, control_port, hb_port }
  await writeFile(file, JSON.stringify(connection))
  const deno = fileURLToPath(new URL('../../node_modules/deno/bin.cjs', import.meta.url))
  const child = spawn(process.execPath, [deno, 'jupyter', '--kernel', '--conn', file], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The program starts another one; both are ended as one group.
    detached: true,
  })
  const said = collect(child)
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid!, 'SIGKILL')
      await once(child, 'close')
    }
    await rm(dir, { recursive: true, force: true })
  }
  try {
    const shell = await connected(shell_port!, 'DEALER', said)
    const iopub = await connected(iopub_port!, 'SUB', said)
    const link = { key, shell, iopub, said }
    await subscribed(link)
    return {
      execute: (code) => execute(code, link),
      async close() {
        shell.close()
        iopub.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function collect(child: ChildProcess): () => string {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return () => text
}

/** Connects once the kernel listens. */
async function connected(
  port: number,
  type: 'DEALER' | 'SUB',
  said: () => string,
): Promise<ZmtpConnection> {
  return until(
    () => `the kernel does not listen: ${said()}`,
    () => connectZmtp(port, type).catch(() => undefined),
    readyMsMax,
  )
}

/** Waits until the kernel sends what it shows to this subscriber, too. */
async function subscribed({ key, shell, iopub, said }: Link): Promise<void> {
  let isSubscribed = false
  const first = iopub.receive().then((frames) => {
    decoded(frames, said)
    isSubscribed = true
  })
  await until('the kernel sends its status', async () => {
    shell.send(encoded(randomUUID(), { type: 'kernel_info_request', content: {}, key }))
    await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 100))])
    return isSubscribed
  })
}

type Link = {
  readonly key: string
  readonly shell: ZmtpConnection
  readonly iopub: ZmtpConnection
  readonly said: () => string
}

type Message = {
  readonly type: string
  readonly parent: string | undefined
  readonly content: Readonly<Record<string, unknown>>
}

async function execute(code: string, link: Link): ReturnType<Kernel['execute']> {
  const id = randomUUID()
  const request = { code, silent: false, store_history: true, allow_stdin: false }
  const { key, shell } = link
  shell.send(encoded(id, { type: 'execute_request', content: request, key }))
  // A busy kernel may send the last result of a cell after it has said that it is idle. So the cell
  // ends when the kernel is idle again after one more request.
  const end = randomUUID()
  const outputs: Output[] = []
  let status: 'ok' | 'error' = 'ok'
  for (;;) {
    const message = decoded(await link.iopub.receive(), link.said)
    const isIdle = message.type === 'status' && message.content['execution_state'] === 'idle'
    if (isIdle && message.parent === end) break
    if (message.parent !== id) continue
    if (isIdle) shell.send(encoded(end, { type: 'kernel_info_request', content: {}, key }))
    if (message.type === 'error') status = 'error'
    const output = outputOf(message)
    if (output !== undefined) addOutput(outputs, output)
  }
  return { status, outputs }
}

function encoded(
  id: string,
  message: { type: string; content: object; key: string },
): readonly Buffer[] {
  const header = {
    msg_id: id,
    msg_type: message.type,
    session: 'winnow',
    username: 'winnow',
    version: '5.3',
    date: new Date().toISOString(),
  }
  const parts = [header, {}, {}, message.content].map((part) => Buffer.from(JSON.stringify(part)))
  const hmac = createHmac('sha256', message.key)
  for (const part of parts) hmac.update(part)
  return [Buffer.from('<IDS|MSG>'), Buffer.from(hmac.digest('hex')), ...parts]
}

function decoded(frames: readonly Buffer[] | undefined, said: () => string): Message {
  if (frames === undefined) throw new Error(`the kernel ended: ${said()}`)
  const at = frames.findIndex((frame) => frame.toString() === '<IDS|MSG>')
  const [header, parent, , content] = frames
    .slice(at + 2)
    .map((frame) => JSON.parse(frame.toString()) as Record<string, unknown>)
  return {
    type: header!['msg_type'] as string,
    parent: parent!['msg_id'] as string | undefined,
    content: content!,
  }
}

/** The output of a message as a notebook keeps it; undefined for messages that show nothing. */
function outputOf({ type, content }: Message): Output | undefined {
  switch (type) {
    case 'stream':
      return { output_type: 'stream', name: content['name'], text: content['text'] } as Output
    case 'display_data':
    case 'execute_result': {
      const { data } = content
      return { output_type: 'display_data', data, metadata: {} } as Output
    }
    case 'error': {
      const { ename, evalue, traceback } = content
      return { output_type: 'error', ename, evalue, traceback } as Output
    }
    default:
      return undefined
  }
}

/** Joins texts of one stream that follow each other, as front ends do. */
function addOutput(outputs: Output[], output: Output): void {
  const last = outputs.at(-1)
  if (
    output.output_type === 'stream' &&
    last?.output_type === 'stream' &&
    last.name === output.name
  ) {
    outputs[outputs.length - 1] = { ...last, text: last.text + output.text }
  } else {
    outputs.push(output)
  }
}
