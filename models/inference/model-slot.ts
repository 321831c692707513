// The places of the models at work: that of the one that serves, and those beside it, which may be
// empty. Work pins what is in them now; a model that is replaced is freed when its last work is
// done. Loading and judging a model happen before.
import assert from 'node:assert/strict'

/** A hold on the model that was serving when the work began. */
export type Pin<Model> = {
  readonly model: Model
  /** Lets go; once, when the work is done. */
  release(): void
}

/** A model in a slot, with what holds it. */
export type Tenancy<Model> = {
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
    return pinOf(this.#tenancy)
  }

  /**
   * Serves `model` from now on. Resolves when the work on the one before is done and it is closed;
   * rejects when closing it fails.
   */
  replace(model: Model): Promise<void> {
    return this.#succeed(tenancyOf(model))
  }

  /** As `replace`, by the model that plays a part beside this one, which is empty then. */
  inherit(side: SideSlot<Model>): Promise<void> {
    return this.#succeed(side.handOver())
  }

  #succeed(tenancy: Tenancy<Model>): Promise<void> {
    const before = this.#tenancy
    this.#tenancy = tenancy
    const closing = vacate(before)
    this.#closing.push(closing)
    const forget = (): void => {
      this.#closing = this.#closing.filter((one) => one !== closing)
    }
    closing.then(forget, forget)
    return closing
  }

  /** Waits for all work, then closes what is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#closing, vacate(this.#tenancy)])
  }
}

/** Holds a model that plays a part beside the one that serves, for a share of the work, or none. */
export class SideSlot<Model extends { close(): Promise<void> }> {
  #tenancy: Tenancy<Model> | undefined
  #percent = 0
  #closing: Promise<void>[] = []

  /** The model that plays the part now. */
  get current(): Model | undefined {
    return this.#tenancy?.model
  }

  /** Its share of the work, 0 to 100. */
  get percent(): number {
    return this.#percent
  }

  /** Holds the model that plays the part now until `release`; undefined when there is none. */
  pin(): (Pin<Model> & { readonly percent: number }) | undefined {
    if (this.#tenancy === undefined) return undefined
    return { ...pinOf(this.#tenancy), percent: this.#percent }
  }

  /**
   * Gives the part to a model. The slot closes it in its turn, and the one before when it is idle.
   */
  play(model: Model, percent: number): Promise<void> {
    const left = this.leave()
    this.#tenancy = tenancyOf(model)
    this.#percent = percent
    return left
  }

  /** Changes the share of the model that plays the part. */
  adjust(percent: number): void {
    this.#percent = percent
  }

  /** Ends the part; resolves when its work is done and the model closed. */
  leave(): Promise<void> {
    const tenancy = this.#tenancy
    this.#tenancy = undefined
    if (tenancy === undefined) return Promise.resolve()
    const closing = vacate(tenancy)
    this.#closing.push(closing)
    const forget = (): void => {
      this.#closing = this.#closing.filter((one) => one !== closing)
    }
    closing.then(forget, forget)
    return closing
  }

  /** Ends the part without closing the model, for the slot that takes it over with its pins. */
  handOver(): Tenancy<Model> {
    const tenancy = this.#tenancy
    assert.ok(tenancy !== undefined, 'a part that nobody plays cannot be handed over')
    this.#tenancy = undefined
    return tenancy
  }

  /** Waits for all work, then closes what is left. */
  async close(): Promise<void> {
    await Promise.all([this.leave(), ...this.#closing])
  }
}

function pinOf<Model>(tenancy: Tenancy<Model>): Pin<Model> {
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

async function vacate<Model extends { close(): Promise<void> }>(
  tenancy: Tenancy<Model>,
): Promise<void> {
  if (tenancy.pins > 0) {
    const vacated = new Promise<void>((resolve) => {
      tenancy.vacated = resolve
    })
    tenancy.leaving = true
    await vacated
  }
  await tenancy.model.close()
}

function tenancyOf<Model>(model: Model): Tenancy<Model> {
  return { model, pins: 0, leaving: false, vacated: () => undefined }
}
