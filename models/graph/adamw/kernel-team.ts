// Divides calls of WebAssembly functions on one shared memory among threads. It owns the threads
// and how calls reach them, not what the functions do. Each call runs on one thread, so results do
// not depend on the number of threads.
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'

/** A call of an exported function; `cost` is its relative duration, for balancing the threads. */
export type KernelCall = {
  readonly name: string
  readonly operands: readonly number[]
  readonly cost: number
}

/** What a thread is started with: the module's bytes, its memory, and where calls are posted. */
export type TeamStart = {
  readonly module: Uint8Array
  readonly memory: SharedMemory
  readonly names: readonly string[]
  readonly control: Int32Array
  readonly calls: Float64Array
}

/** The part of a shared WebAssembly.Memory that is used; `grow` takes pages of 64 KiB. */
export type SharedMemory = {
  readonly buffer: SharedArrayBuffer
  readonly grow: (pages: number) => number
}

/** The exported functions of a module, by name. */
export type KernelFunctions = Readonly<
  Record<string, (...operands: number[]) => number | undefined>
>

// Node has WebAssembly, but TypeScript declares it with the browser's types, which Winnow does not
// load.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: unknown) => { readonly exports: unknown }
}

/** Indices in `control`: thread is ready, rounds posted, rounds done, thread must end. */
export const at = { ready: 0, posted: 1, done: 2, ending: 3 } as const
/** Numbers per call in `calls`: the function, its operands, their count, and last the result. */
export const callWidth = 16
const callsMax = 2_048
/** A round takes milliseconds; a thread that takes this long is broken. */
const answerMsMax = 60_000

/** A shared memory that can grow to `pagesMax` pages while views of it stay valid. */
export function sharedMemory(pagesMax: number): SharedMemory {
  return new WebAssembly.Memory({ initial: 0, maximum: pagesMax, shared: true })
}

/** Compiles a module and returns its functions, which work on `memory`. */
export function instantiate(module: Uint8Array, memory: SharedMemory): KernelFunctions {
  const compiled = new WebAssembly.Module(module)
  return new WebAssembly.Instance(compiled, { kernel: { memory } }).exports as KernelFunctions
}

/** One additional thread. */
type Member = TeamStart & { readonly thread: Worker }

/**
 * The caller's thread and `threads - 1` more, which take part as soon as they have started. `close`
 * ends them.
 */
export class KernelTeam {
  readonly #functions: KernelFunctions
  readonly #names: readonly string[]
  readonly #members: readonly Member[]

  constructor(module: Uint8Array, options: { memory: SharedMemory; threads: number }) {
    const { memory, threads } = options
    this.#functions = instantiate(module, memory)
    this.#names = Object.keys(this.#functions)
    this.#members = Array.from({ length: threads - 1 }, () =>
      startMember({ module, memory, names: this.#names }),
    )
  }

  /** The number of threads that have started, the caller's included. */
  get threads(): number {
    return this.#started().length + 1
  }

  /**
   * Makes all calls, in any order, and blocks until they are done. Returns their results in the
   * order of the calls; the result of a function without one is 0.
   */
  run(calls: readonly KernelCall[]): number[] {
    const members = this.#started()
    const [own = [], ...others] = balanced(calls, members.length + 1)
    for (const [i, member] of members.entries()) this.#post(member, others[i]!, calls)
    const results = new Array<number>(calls.length).fill(0)
    for (const index of own) {
      const { name, operands } = calls[index]!
      results[index] = this.#functions[name]!(...operands) ?? 0
    }
    for (const [i, member] of members.entries()) {
      awaitDone(member)
      for (const [row, index] of others[i]!.entries()) {
        results[index] = member.calls[row * callWidth + callWidth - 1]!
      }
    }
    return results
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    for (const { control } of this.#members) {
      Atomics.store(control, at.ending, 1)
      Atomics.add(control, at.posted, 1)
      Atomics.notify(control, at.posted)
    }
    await Promise.all(this.#members.map(({ thread }) => thread.terminate()))
  }

  #started(): readonly Member[] {
    return this.#members.filter(({ control }) => Atomics.load(control, at.ready) === 1)
  }

  #post(
    { control, calls: table }: Member,
    indices: readonly number[],
    calls: readonly KernelCall[],
  ) {
    assert.ok(indices.length <= callsMax, `at most ${callsMax} calls can be posted at once`)
    for (const [row, index] of indices.entries()) {
      const { name, operands } = calls[index]!
      table.set([this.#names.indexOf(name), ...operands], row * callWidth)
      table[row * callWidth + callWidth - 2] = operands.length
    }
    table[callsMax * callWidth] = indices.length
    Atomics.add(control, at.posted, 1)
    Atomics.notify(control, at.posted)
  }
}

function startMember(start: Pick<TeamStart, 'module' | 'memory' | 'names'>): Member {
  // In the compiled package the worker's script ends in .js, as this file does.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const script = new URL(`./kernel-team-worker.${extension}`, import.meta.url)
  const control = new Int32Array(new SharedArrayBuffer(4 * Object.keys(at).length))
  const calls = new Float64Array(new SharedArrayBuffer(8 * (callsMax * callWidth + 1)))
  const member = { ...start, control, calls }
  const thread = new Worker(script, { workerData: member satisfies TeamStart })
  thread.unref()
  return { ...member, thread }
}

/** Blocks until a member has made the calls of its last round. */
function awaitDone({ control }: Member): void {
  const posted = Atomics.load(control, at.posted)
  for (;;) {
    const done = Atomics.load(control, at.done)
    if (done === posted) return
    const answer = Atomics.wait(control, at.done, done, answerMsMax)
    assert.notEqual(
      answer,
      'timed-out',
      `a thread of the kernel did not finish within ${answerMsMax} ms`,
    )
  }
}

/**
 * The indices of each thread's calls, with about equal cost per thread. Each call, the most
 * expensive first, goes to the thread with the least cost so far (Graham 1969).
 */
function balanced(calls: readonly KernelCall[], threads: number): number[][] {
  const assigned = Array.from({ length: threads }, () => ({ cost: 0, indices: [] as number[] }))
  const order = [...calls.keys()].sort((a, b) => calls[b]!.cost - calls[a]!.cost || a - b)
  for (const index of order) {
    const least = assigned.reduce((best, thread) => (thread.cost < best.cost ? thread : best))
    least.cost += calls[index]!.cost
    least.indices.push(index)
  }
  return assigned.map(({ indices }) => indices)
}

/** The number of calls in a thread's last round. */
export function postedCalls({ calls }: Pick<TeamStart, 'calls'>): number {
  return calls[callsMax * callWidth]!
}
