// Holds the models at work so that they can be swapped while others use them: the one that serves,
// and one beside it, which may be absent. Work leases a model; a model that was replaced is closed
// when its last lease is released. Loading and judging a model happen elsewhere.
import assert from 'node:assert/strict'

type Closable = { close(): Promise<void> }

/** The right to use a model until `release`. */
export type ModelLease<Model> = {
  readonly model: Model
  /** Gives the model back; once, when the work is done. */
  release(): void
}

/** The model that serves, which can be replaced at any time. */
export class SwappableModel<Model extends Closable> {
  #leased: LeasedModel<Model>
  readonly #retired = new RetiredModels<Model>()

  /** Takes the model over: it is closed when it was replaced, or by `close`. */
  constructor(model: Model) {
    this.#leased = new LeasedModel(model)
  }

  /** The model that serves now. To work with it, acquire it. */
  get current(): Model {
    return this.#leased.model
  }

  /** Leases the model that serves now. */
  acquire(): ModelLease<Model> {
    return this.#leased.acquire()
  }

  /**
   * Serves `model` from now on. Resolves when the previous model is closed, after its last lease;
   * rejects when closing it fails.
   */
  replace(model: Model): Promise<void> {
    return this.#succeed(new LeasedModel(model))
  }

  /** As `replace`, by the secondary model, which is absent afterwards. */
  replaceBy(secondary: SecondaryModel<Model>): Promise<void> {
    return this.#succeed(secondary.detach())
  }

  #succeed(leased: LeasedModel<Model>): Promise<void> {
    const previous = this.#leased
    this.#leased = leased
    return this.#retired.add(previous)
  }

  /** Waits for all leases, then closes every model that is still open. */
  async close(): Promise<void> {
    await Promise.all([this.#retired.closed(), this.#leased.close()])
  }
}

/** A model that works beside the one that serves, on a share of the events; it may be absent. */
export class SecondaryModel<Model extends Closable> {
  #leased: LeasedModel<Model> | undefined
  /** Its share of the events, 0 to 100. */
  #percent = 0
  readonly #retired = new RetiredModels<Model>()

  /** The model, if there is one. */
  get current(): Model | undefined {
    return this.#leased?.model
  }

  /** Leases the model; undefined when it is absent. */
  acquire(): (ModelLease<Model> & { readonly percent: number }) | undefined {
    if (this.#leased === undefined) return undefined
    return { ...this.#leased.acquire(), percent: this.#percent }
  }

  /** Puts a model in. Resolves when the previous one, if any, is closed after its last lease. */
  assign(model: Model, percent: number): Promise<void> {
    const removed = this.remove()
    this.#leased = new LeasedModel(model)
    this.#percent = percent
    return removed
  }

  /** Changes the share of the events. */
  setPercent(percent: number): void {
    this.#percent = percent
  }

  /** Takes the model out. Resolves when it is closed after its last lease. */
  remove(): Promise<void> {
    const leased = this.#leased
    this.#leased = undefined
    return leased === undefined ? Promise.resolve() : this.#retired.add(leased)
  }

  /** Takes the model out with its leases, without closing it. */
  detach(): LeasedModel<Model> {
    const leased = this.#leased
    assert.ok(leased !== undefined, 'there is no secondary model to detach')
    this.#leased = undefined
    return leased
  }

  /** Waits for all leases, then closes every model that is still open. */
  async close(): Promise<void> {
    await Promise.all([this.remove(), this.#retired.closed()])
  }
}

/** A model that counts its leases. */
class LeasedModel<Model extends Closable> {
  readonly model: Model
  #leases = 0
  #onIdle: (() => void) | undefined

  constructor(model: Model) {
    this.model = model
  }

  acquire(): ModelLease<Model> {
    let isHeld = true
    this.#leases++
    return {
      model: this.model,
      release: () => {
        assert.ok(isHeld, 'a lease is released once')
        isHeld = false
        this.#leases--
        if (this.#leases === 0) this.#onIdle?.()
      },
    }
  }

  /** Closes the model as soon as nobody leases it. */
  async close(): Promise<void> {
    if (this.#leases > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
    await this.model.close()
  }
}

/** Models that were replaced and are not closed yet. */
class RetiredModels<Model extends Closable> {
  readonly #closing = new Set<Promise<void>>()

  /** Closes a model when its last lease ends; the promise tells when. */
  add(leased: LeasedModel<Model>): Promise<void> {
    const closing = leased.close()
    this.#closing.add(closing)
    const forget = (): void => void this.#closing.delete(closing)
    closing.then(forget, forget)
    return closing
  }

  async closed(): Promise<void> {
    await Promise.all(this.#closing)
  }
}
