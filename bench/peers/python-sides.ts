// The Python sides of bench/peers.ts: one process (peers_python.py) that classifies with each rival
// when it is asked to.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Round, Side } from './table.ts'

/** What the process reads from its file; peers_python.py describes it. */
export type PythonWork = {
  readonly base: string
  readonly threads: number
  /** Texts in a batch. */
  readonly batch: number
  /** The names of the sides to open; null for all. */
  readonly rivals: readonly string[] | null
  readonly maxTokens: number
  readonly labels: readonly string[]
  readonly head: { readonly weight: readonly (readonly number[])[]; readonly bias: number[] }
  readonly train: readonly { readonly text: string; readonly label: string }[]
}

/** Those that compute the same as Winnow's fp32 version. */
const exactSides = new Set([
  'Transformers pipeline',
  'Transformers pipeline, sorted',
  'sentence-transformers + scikit-learn',
  'ONNX Runtime fp32',
])

export type PythonSides = {
  /** The version of each package, or null. */
  readonly versions: Readonly<Record<string, string | null>>
  readonly sides: readonly Side[]
  /** Why each of the others cannot run. */
  readonly missing: Readonly<Record<string, string>>
  readonly close: () => Promise<void>
}

/** Starts the process; the caller closes it. */
export async function openPythonSides(python: string, workPath: string): Promise<PythonSides> {
  const { child, read, close } = startPython(python, [workPath])
  const opened = (await read()) as {
    versions: Record<string, string | null>
    sides: Record<string, string | null>
  }
  const ask = async (side: string, texts: readonly string[]): Promise<Round> => {
    child.stdin!.write(`${JSON.stringify({ side, texts })}\n`)
    return (await read()) as Round
  }
  const states = Object.entries(opened.sides)
  return {
    versions: opened.versions,
    sides: states
      .filter(([, why]) => why === null)
      .map(([name]) => ({
        name,
        isExact: exactSides.has(name),
        classify: (texts) => ask(name, texts),
      })),
    missing: Object.fromEntries(
      states.flatMap(([name, why]) => (why === null ? [] : [[name, why]])),
    ),
    close,
  }
}

/** Starts peers_python.py and reads its JSON lines; it ends when its input does. */
export function startPython(
  python: string,
  args: readonly string[],
): { child: ChildProcess; read: () => Promise<unknown>; close: () => Promise<void> } {
  const script = fileURLToPath(new URL('../peers_python.py', import.meta.url))
  const child = spawn(python, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    async read() {
      const line = await lines.next()
      if (line.done === true) throw new Error('Python ended; its message stands above.')
      return JSON.parse(line.value) as unknown
    },
    async close() {
      child.stdin.end()
      await exited
    },
  }
}
