// Calls of WebAssembly functions on one shared memory, divided among threads. It owns the threads
// and how calls reach them; what the functions do is not its concern. Each call runs whole on one
// thread, so results do not depend on how many there are.
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'

/** A call of an exported function; `cost` decides how calls are divided. */
export type KernelCall = {
  readonly name: string
  readonly operands: readonly number[]
  readonly cost: number
}

/**
 * What a thread is started with: the module as bytes, its memory, and where calls are announced.
 */
export type TeamStart = {
  readonly module: Uint8Array
  readonly memory: SharedMemory
  readonly names: readonly string[]
  readonly control: Int32Array
  readonly calls: Float64Array
}

export type SharedMemory = {
  readonly buffer: SharedArrayBuffer
  readonly grow: (pages: number) => number
}

export type KernelFunctions = Readonly<
  Record<string, (...operands: number[]) => number | undefined>
>

// Node has WebAssembly; its types for TypeScript come with those of browsers, which are not used
// here.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: unknown) => { readonly exports: unknown }
}

/** Places in `control`: whether the thread is there, rounds told, rounds done, whether to end. */
export const at = { ready: 0, told: 1, done: 2, ending: 3 } as const
/** Numbers a call takes in `calls`: its function, operands, and last its result. */
export const callWidth = 16
const callsMax = 2_048
/** A round takes milliseconds; a thread that does not answer for this long is broken. */
const answerMsMax = 60_000

/** A memory that can grow while views of it stay valid. */
export function sharedMemory(pagesMax: number): SharedMemory {
  return new WebAssembly.Memory({ initial: 0, maximum: pagesMax, shared: true })
}

/** The functions of a module on a memory. */
export function instantiate(module: Uint8Array, memory: SharedMemory): KernelFunctions {
  const compiled = new WebAssembly.Module(module)
  return new WebAssembly.Instance(compiled, { kernel: { memory } }).exports as KernelFunctions
}

/** One thread beside the caller's. */
type Member = TeamStart & { readonly thread: Worker }

/** The caller's thread and `threads - 1` more, which take part as soon as they have started. */
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

  /** Threads that take part by now. */
  get threads(): number {
    return this.#started().length + 1
  }

  /** Makes all calls, in no order; gives their results, 0 of a function without one. */
  run(calls: readonly KernelCall[]): number[] {
    const members = this.#started()
    const shares = divided(calls, members.length + 1)
    const [own = [], ...others] = shares
    for (const [place, member] of members.entries()) this.#tell(member, others[place]!, calls)
    const results = new Array<number>(calls.length).fill(0)
    for (const index of own) {
      const { name, operands } = calls[index]!
      results[index] = this.#functions[name]!(...operands) ?? 0
    }
    for (const [place, member] of members.entries()) {
      awaitDone(member)
      for (const [row, index] of others[place]!.entries()) {
        results[index] = member.calls[row * callWidth + callWidth - 1]!
      }
    }
    return results
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    for (const { control } of this.#members) {
      Atomics.store(control, at.ending, 1)
      Atomics.add(control, at.told, 1)
      Atomics.notify(control, at.told)
    }
    await Promise.all(this.#members.map(({ thread }) => thread.terminate()))
  }

  #started(): readonly Member[] {
    return this.#members.filter(({ control }) => Atomics.load(control, at.ready) === 1)
  }

  #tell({ control, calls: table }: Member, share: readonly number[], calls: readonly KernelCall[]) {
    assert.ok(share.length <= callsMax, 'more calls than there is room for')
    for (const [row, index] of share.entries()) {
      const { name, operands } = calls[index]!
      table.set([this.#names.indexOf(name), ...operands], row * callWidth)
      table[row * callWidth + callWidth - 2] = operands.length
    }
    table[callsMax * callWidth] = share.length
    Atomics.add(control, at.told, 1)
    Atomics.notify(control, at.told)
  }
}

function startMember(start: Pick<TeamStart, 'module' | 'memory' | 'names'>): Member {
  // Compiled to JavaScript, the worker's script ends in .js as this file does.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const script = new URL(`./kernel-team-worker.${extension}`, import.meta.url)
  const control = new Int32Array(new SharedArrayBuffer(4 * Object.keys(at).length))
  const calls = new Float64Array(new SharedArrayBuffer(8 * (callsMax * callWidth + 1)))
  const member = { ...start, control, calls }
  const thread = new Worker(script, { workerData: member satisfies TeamStart })
  thread.unref()
  return { ...member, thread }
}

/** Waits, blocking, until a member has done what it was told last. */
function awaitDone({ control }: Member): void {
  const told = Atomics.load(control, at.told)
  for (;;) {
    const done = Atomics.load(control, at.done)
    if (done === told) return
    const answer = Atomics.wait(control, at.done, done, answerMsMax)
    assert.notEqual(answer, 'timed-out', 'a thread of the kernel does not answer')
  }
}

/** Indices of calls for each thread, of about equal cost: the dearest first to who has least. */
function divided(calls: readonly KernelCall[], threads: number): number[][] {
  const shares = Array.from({ length: threads }, () => ({ cost: 0, indices: [] as number[] }))
  const order = [...calls.keys()].sort((a, b) => calls[b]!.cost - calls[a]!.cost || a - b)
  for (const index of order) {
    const least = shares.reduce((best, share) => (share.cost < best.cost ? share : best))
    least.cost += calls[index]!.cost
    least.indices.push(index)
  }
  return shares.map(({ indices }) => indices)
}

/** The numbers of calls that a thread was told. */
export function toldCalls({ calls }: Pick<TeamStart, 'calls'>): number {
  return calls[callsMax * callWidth]!
}
