// A bounded set of open models: each is opened once however many ask for it, and the least recently
// used one that nobody uses makes room for another. What a model is, and how it is opened, is the
// caller's.
import { WinnowError } from '../../schemas/errors.ts'
import { counted } from '../../schemas/counted.ts'
import type { ModelLease } from './swappable-model.ts'

type Closable = { close(): Promise<void> }

export type OpenModelsOptions<Model> = {
  /** Most models that are open, or being opened or closed, at once. */
  readonly modelsMax: number
  /** The configuration field of `modelsMax`, for messages. */
  readonly setting: string
  readonly open: (key: string) => Promise<Model>
}

type Entry<Model> = {
  readonly opened: Promise<Model>
  /** Leases, and callers who wait for the model to open. */
  users: number
}

/** Open models by key; the caller closes the set. */
export class OpenModels<Model extends Closable> {
  readonly #options: OpenModelsOptions<Model>
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry<Model>>()
  /** Models that made room and are not closed yet. */
  readonly #retired = new Set<Promise<void>>()
  #isClosed = false
  #onRelease: (() => void) | undefined

  constructor(options: OpenModelsOptions<Model>) {
    this.#options = options
  }

  /** Whether the model is open or being opened. */
  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /**
   * Leases the model, which is opened if nobody did. Throws what opening throws, `queue_full` if
   * every model of a full set is in use, and `cancelled` when the set is closed.
   */
  async acquire(key: string): Promise<ModelLease<Model>> {
    if (this.#isClosed) throw new WinnowError('cancelled', 'The process is stopping')
    const entry = this.#entries.get(key) ?? this.#start(key)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.users += 1
    const release = (): void => {
      entry.users -= 1
      this.#onRelease?.()
    }
    try {
      return { model: await entry.opened, release }
    } catch (error) {
      release()
      // A model that did not open takes no room; the next caller tries again.
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
      throw error
    }
  }

  #start(key: string): Entry<Model> {
    const { modelsMax, setting, open } = this.#options
    const room = this.#entries.size < modelsMax ? undefined : this.#retireOne(modelsMax, setting)
    const opened = (async () => {
      // At no time are more than `modelsMax` models in memory.
      await Promise.all([...this.#retired, room])
      return open(key)
    })()
    // It may fail when no caller waits any longer.
    opened.catch(() => undefined)
    return { opened, users: 0 }
  }

  #retireOne(modelsMax: number, setting: string): Promise<void> {
    const idle = [...this.#entries].find(([, { users }]) => users === 0)
    if (idle === undefined) {
      const inUse = `${counted(modelsMax, 'model')} ${modelsMax === 1 ? 'is' : 'are'} in use`
      throw new WinnowError('queue_full', `${inUse} already (${setting}); try again later`)
    }
    const [key, { opened }] = idle
    this.#entries.delete(key)
    const closing = opened.then((model) => model.close())
    const done = (): void => void this.#retired.delete(closing)
    this.#retired.add(closing)
    closing.then(done, done)
    return closing
  }

  /** Refuses new leases, waits for the last one, then closes every model. */
  async close(): Promise<void> {
    this.#isClosed = true
    const entries = [...this.#entries.values()]
    while (entries.some(({ users }) => users > 0)) {
      await new Promise<void>((resolve) => {
        this.#onRelease = resolve
      })
    }
    this.#entries.clear()
    await Promise.all([
      ...this.#retired,
      ...entries.map(({ opened }) =>
        opened.then(
          (model) => model.close(),
          // Its callers have got the error.
          () => undefined,
        ),
      ),
    ])
  }
}
