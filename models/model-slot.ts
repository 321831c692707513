// The place of the model that serves: work pins what is in it now, a swap puts another model there and
// frees the old one when its last work is done. Loading and judging a model happen before.
import assert from 'node:assert/strict'

/** A hold on the model that was serving when the work began. */
export type Pin<Model> = {
  readonly model: Model
  /** Lets go; once, when the work is done. */
  release(): void
}

type Tenancy<Model> = {
  readonly model: Model
  pins: number
  leaving: boolean
  vacated: () => void
}

/** Holds one serving model, and those before it until their work is done. */
export class ModelSlot<Model extends { close(): Promise<void> }> {
  #tenancy: Tenancy<Model>
  #closing: Promise<void>[] = []

  /** The slot closes the model in its turn. */
  constructor(model: Model) {
    this.#tenancy = tenancyOf(model)
  }

  /** The model that serves now. To work with it, pin it. */
  get current(): Model {
    return this.#tenancy.model
  }

  /** Holds the model that serves now until `release`. */
  pin(): Pin<Model> {
    const tenancy = this.#tenancy
    let held = true
    tenancy.pins++
    return {
      model: tenancy.model,
      release: () => {
        assert.ok(held, 'a pin is released once')
        held = false
        tenancy.pins--
        if (tenancy.leaving && tenancy.pins === 0) tenancy.vacated()
      },
    }
  }

  /**
   * Serves `model` from now on. Resolves when the work on the one before is done and it is closed;
   * rejects when closing it fails.
   */
  replace(model: Model): Promise<void> {
    const before = this.#tenancy
    this.#tenancy = tenancyOf(model)
    const closing = this.#vacate(before)
    this.#closing.push(closing)
    const forget = (): void => {
      this.#closing = this.#closing.filter((one) => one !== closing)
    }
    closing.then(forget, forget)
    return closing
  }

  /** Waits for all work, then closes what is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#closing, this.#vacate(this.#tenancy)])
  }

  async #vacate(tenancy: Tenancy<Model>): Promise<void> {
    if (tenancy.pins > 0) {
      const vacated = new Promise<void>((resolve) => {
        tenancy.vacated = resolve
      })
      tenancy.leaving = true
      await vacated
    }
    await tenancy.model.close()
  }
}

function tenancyOf<Model>(model: Model): Tenancy<Model> {
  return { model, pins: 0, leaving: false, vacated: () => undefined }
}
