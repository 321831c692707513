// Says which models of a process share an encoder, for the log and for `winnow doctor`.

/** A model, and the encoder that it shares with those that have the same; undefined for its own. */
type Encoded = {
  readonly ref: string
  readonly classifier: { readonly encoder: string | undefined }
}

/** A line for each encoder: the models that share it, or the one that it is for. */
export function sharingLines(models: readonly Encoded[]): string[] {
  const groups = Map.groupBy(models, ({ ref, classifier }) => classifier.encoder ?? ref)
  return [...groups.values()].map((group) => {
    const refs = group.map(({ ref }) => ref)
    return refs.length === 1
      ? `${refs[0]!} shares no encoder: each text is encoded for it alone`
      : `${refs.join(', ')} have the same encoder and share one pass over each text`
  })
}
