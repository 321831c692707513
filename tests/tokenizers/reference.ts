// The reference implementation, the Rust library `tokenizers`, in a Python process of its own
// (reference.py). Comparisons and benchmarks ask it for ids.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** How the library is called; `encode_batch_fast` computes no offsets. */
export const referenceCalls = ['encode', 'encode_batch', 'encode_batch_fast'] as const
export type ReferenceCall = (typeof referenceCalls)[number]

export type Reference = {
  readonly versions: Readonly<Record<string, string>>
  /** The ids of each text, on one thread, and the processor time without the transfer. */
  readonly encode: (texts: readonly string[], call: ReferenceCall) => Promise<ReferenceIds>
  readonly close: () => Promise<void>
}

export type ReferenceIds = {
  readonly ids: readonly (readonly number[])[]
  readonly cpuSeconds: number
}

/** Starts the process with a tokenizer.json; the caller closes it. */
export async function openReference(python: string, tokenizerPath: string): Promise<Reference> {
  const script = fileURLToPath(new URL('reference.py', import.meta.url))
  const child = spawn(python, [script, tokenizerPath], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const read = async (): Promise<unknown> => {
    const line = await lines.next()
    if (line.done === true) throw new Error('The reference ended; its message stands above.')
    return JSON.parse(line.value)
  }
  return {
    versions: (await read()) as Record<string, string>,
    async encode(texts, call) {
      // Halves of surrogate pairs cannot be passed to it.
      const wellFormed = texts.map((text) => text.toWellFormed())
      child.stdin.write(`${JSON.stringify({ texts: wellFormed, call })}\n`)
      return (await read()) as ReferenceIds
    },
    async close() {
      child.stdin.end()
      await exited
    },
  }
}
