// The interface through which the gateway reads and changes the registry of models. serving/
// implements it; the commands `winnow models` use the same code.
import type { VersionComparison } from '../../infra/readers/version-comparison.ts'
import type { ListedVersion } from '../../models/store/listed-versions.ts'
import type { ModelAnnouncement, SecondaryRole } from '../../schemas/model-announcement.ts'

/** Something that happened to a version. */
export type ModelRelease = {
  readonly atMs: number
  readonly kind: string
  readonly version: string
  readonly by: string
  readonly reason: string
}

/** Who changes a model, and why. */
export type ChangeCause = { readonly by: string; readonly reason: string }

/** The state of a model before a change and after it. */
export type ModelChange = {
  readonly before: ModelAnnouncement | undefined
  readonly state: ModelAnnouncement
}

/** Two versions of a model, compared on events of the stream. */
export type ComparedVersions = VersionComparison & { readonly a: string; readonly b: string }

/** What the labels of a model are. */
export type DescribedModel = {
  readonly name: string
  /** Undefined where the reference names the model as a whole. */
  readonly version: string | undefined
  readonly labels: readonly string[]
  /** Of a multi-label model: the probability from which each label applies. */
  readonly thresholds: Readonly<Record<string, number>> | undefined
}

/** The registry of models. */
export type ModelControl = {
  /** `name@version` of the model that this gateway serves; undefined without one. */
  serving(): string | undefined
  /** All versions of the local store, by name and then oldest first, each with `hasReport`. */
  list(): Promise<readonly (ListedVersion & { readonly hasReport: boolean })[]>
  /**
   * The labels of NAME or NAME@VERSION; of the model that the gateway serves, without a reference.
   * Throws `model_not_found`.
   */
  describe(ref: string | undefined): Promise<DescribedModel>
  /** What happened to a model, the newest first. */
  releases(name: string, limit: number): Promise<readonly ModelRelease[]>
  /**
   * Compares two versions; each is a number or `champion`. Throws `model_not_found`, and
   * `parameter_invalid` if both are the same.
   */
  compare(name: string, versions: { a: string; b: string }): Promise<ComparedVersions>
  /**
   * Makes a version the champion. Throws `publish_refused` if it does not pass the gate and `force`
   * gives no reason to overrule that.
   */
  promote(change: VersionChange): Promise<ModelChange>
  /** Makes the previous champion the champion again. Throws `model_not_found`. */
  rollBack(change: ChangeCause & { readonly name: string }): Promise<ModelChange>
  /** Gives a version a role beside the champion; 0 percent ends it. Throws `role_refused`. */
  side(
    change: VersionChange & { readonly role: SecondaryRole; readonly percent: number },
  ): Promise<ModelChange>
  /** The report of a version; undefined if it has none. Throws `model_not_found`. */
  report(name: string, version: string): Promise<Uint8Array<ArrayBuffer> | undefined>
}

/** A change that is about one version. */
export type VersionChange = ChangeCause & {
  readonly name: string
  readonly version: string
  /** The reason to overrule the gate. */
  readonly force?: string | undefined
  readonly signal: AbortSignal
}
