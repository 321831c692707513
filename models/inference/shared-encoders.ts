// Lets models with the same encoder share its workers: a text is encoded once for all of them, and
// each model applies its head to the embedding. Models come and go one by one. What the same
// encoder means is encoder-identity.ts; heads run in head-sessions.ts.
import type { RowResult, SubmitOptions } from './batcher.ts'
import { encoderIdentity, type EncodedVersion } from './encoder-identity.ts'
import {
  openHeadsInference,
  openInference,
  requireWhole,
  tokenizing,
  type HeadsInference,
  type Inference,
  type InferenceOptions,
} from './inference.ts'

type Version = EncodedVersion & { readonly ref: string }

/** The encoders of a process, each with the models that share it. */
export class SharedEncoders {
  readonly #groups = new Map<string, EncoderGroup>()

  /**
   * Opens a version on the workers of its encoder, which are started if they are not there. A
   * version whose encoder nobody can share, or that runs on a GPU, gets workers of its own. Models
   * that submit the same array of ids share a pass. The caller closes the version; workers end with
   * the last one. Throws as openInference.
   */
  async open(version: Version, options: InferenceOptions): Promise<Inference> {
    requireWhole(options, options.maxTokens)
    const identity = options.device === undefined ? await encoderIdentity(version) : undefined
    if (identity === undefined) return openInference(options, 'logits')
    const { sha256: encoder, labels } = identity
    let group = this.#groups.get(encoder)
    if (group === undefined) {
      group = new EncoderGroup(() => this.#groups.delete(encoder))
      this.#groups.set(encoder, group)
    }
    return { ...(await group.join(version, options)), width: labels, encoder }
  }
}

/** A text that was submitted: its row has the logits of all heads. */
type Pass = Promise<{ readonly result: Promise<RowResult> }>

type HeadView = Omit<Inference, 'width' | 'encoder'>

type Member = { readonly ref: string; readonly onBatch: InferenceOptions['onBatch'] }

/** The models over one encoder, each a head of one pool. */
class EncoderGroup {
  /** Called when the last model leaves. */
  readonly #onEmpty: () => void
  #opening: Promise<HeadsInference> | undefined
  #nextHead = 0
  readonly #members = new Map<number, Member>()
  /** By the array of a text's ids, which the models of an event are given. */
  readonly #passes = new WeakMap<Int32Array, Pass>()

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty
  }

  async join(version: Version, options: InferenceOptions): Promise<HeadView> {
    const head = this.#nextHead++
    this.#members.set(head, { ref: version.ref, onBatch: options.onBatch })
    try {
      const start = { head, modelPath: version.modelPath }
      if (this.#opening === undefined) {
        const onBatch: InferenceOptions['onBatch'] = (batch) => this.#noted?.onBatch?.(batch)
        this.#opening = openHeadsInference({ ...options, onBatch }, [start])
        await this.#opening
      } else await (await this.#opening).attach(start)
      return this.#view(head, await this.#opening, options)
    } catch (error) {
      await this.#leave(head)
      throw error
    }
  }

  /** The pool as one of its models sees it. */
  #view(
    head: number,
    inference: HeadsInference,
    { tokenizer, maxTokens }: InferenceOptions,
  ): HeadView {
    const pending = new Set<Promise<unknown>>()
    const tracked = <T>(work: Promise<T>): Promise<T> => {
      const settled: Promise<unknown> = work.then(
        () => pending.delete(settled),
        () => pending.delete(settled),
      )
      pending.add(settled)
      return work
    }
    const patiently = (ids: Int32Array, limits?: SubmitOptions): Pass =>
      inference.submitWhenRoom(ids, limits)
    const atOnce = (ids: Int32Array, limits?: SubmitOptions): Pass =>
      Promise.resolve({ result: inference.submit(ids, limits) })
    const rowOf = async (ids: Int32Array, pass: Pass): Promise<RowResult> => {
      const own = columnsOf(head, await (await pass).result)
      // Only a batch that was formed before the model joined lacks its columns.
      return own ?? columnsOf(head, await (await patiently(ids, { isFresh: true })).result)!
    }
    return {
      provider: inference.provider,
      ...tokenizing(tokenizer, maxTokens),
      submit: (ids, limits) => tracked(rowOf(ids, this.#pass(ids, limits, atOnce))),
      submitWhenRoom: async (ids, limits) => {
        const pass = this.#pass(ids, limits, patiently)
        const result = tracked(rowOf(ids, pass))
        result.catch(() => undefined) // The caller is given it below.
        await pass
        return { result }
      },
      stats: () => inference.stats(),
      raisePriority: () => inference.raisePriority(),
      close: async () => {
        while (pending.size > 0) await Promise.all(pending)
        inference.detach(head)
        await this.#leave(head)
      },
    }
  }

  /** The pass of these ids. A caller that may leave has a pass of its own. */
  #pass(
    ids: Int32Array,
    limits: SubmitOptions | undefined,
    submit: (ids: Int32Array, limits?: SubmitOptions) => Pass,
  ): Pass {
    if (limits?.signal !== undefined) return submit(ids, limits)
    const known = this.#passes.get(ids)
    if (known !== undefined) return known
    const pass = submit(ids)
    this.#passes.set(ids, pass)
    // After a failure the next caller tries again.
    pass.then(({ result }) => result).catch(() => this.#passes.delete(ids))
    return pass
  }

  /** The model under which the batches of all are noted, so that each counts once. */
  get #noted(): Member | undefined {
    let noted: Member | undefined
    for (const one of this.#members.values()) {
      if (noted === undefined || one.ref < noted.ref) noted = one
    }
    return noted
  }

  async #leave(head: number): Promise<void> {
    this.#members.delete(head)
    if (this.#members.size > 0) return
    this.#onEmpty()
    // A pool that did not open has no workers.
    await this.#opening?.then(
      (inference) => inference.close(),
      () => undefined,
    )
  }
}

/** The logits of one head; undefined if the batch ran without it. */
function columnsOf(head: number, result: RowResult): RowResult | undefined {
  const own = result.columns?.find((one) => one.head === head)
  if (own === undefined) return undefined
  return { ...result, row: result.row.subarray(own.from, own.from + own.width) }
}
