// Chooses the items of a labelling queue among ranked candidates: in turns from each reason, each
// event once, and of texts that are almost the same only the first.
import type { Work } from '../../models/runtime/sliced-work.ts'
import type { LabellingCandidate, LabellingReason } from '../../schemas/ports/labelling-reader.ts'
import { similarity, sketchOf, type Sketch } from './text-sketch.ts'

/** How a queue is chosen. */
export const strategies = [
  ...(['mixed', 'uncertain', 'diverse', 'out-of-scope', 'disagreement'] as const),
] as const
export type Strategy = (typeof strategies)[number]

/** Texts that share at least this much count as the same text. */
export const sameTextSimilarity = 0.9

/** The reasons from which a strategy takes items. */
export function reasonsOf(strategy: Strategy): LabellingReason[] {
  if (strategy !== 'mixed') return [strategy]
  return ['uncertain', 'disagreement', 'out-of-scope', 'diverse']
}

/** The candidates of one reason, the most useful first. */
export type CandidateGroup = {
  readonly reason: LabellingReason
  readonly candidates: readonly LabellingCandidate[]
}

/** An item of the queue. */
export type PickedItem = {
  readonly reason: LabellingReason
  readonly candidate: LabellingCandidate
}

type Text = { readonly candidate: LabellingCandidate; readonly sketch: Sketch }

/** Picks up to `limit` items, in steps. */
export function* pickItems(groups: readonly CandidateGroup[], limit: number): Work<PickedItem[]> {
  const sketchByText = new Map<string, Sketch>()
  const picked: (PickedItem & Text)[] = []
  const queues: { reason: LabellingReason; next: () => Work<Text | undefined> }[] = []
  for (const { reason, candidates } of groups) {
    const texts: Text[] = []
    for (const candidate of candidates) {
      yield
      const sketch = sketchByText.get(candidate.text) ?? sketchOf(candidate.text)
      sketchByText.set(candidate.text, sketch)
      texts.push({ candidate, sketch })
    }
    const next = reason === 'diverse' ? farthestFirst(texts, picked) : firstNew(texts, picked)
    queues.push({ reason, next })
  }
  let isEmpty = false
  while (!isEmpty && picked.length < limit) {
    isEmpty = true
    for (const { reason, next } of queues) {
      if (picked.length >= limit) break
      const text = yield* next()
      if (text === undefined) continue
      picked.push({ reason, ...text })
      isEmpty = false
    }
  }
  return picked.map(({ reason, candidate }) => ({ reason, candidate }))
}

/** The next candidate whose text was not picked yet. */
function firstNew(texts: readonly Text[], picked: readonly Text[]) {
  let at = 0
  return function* (): Work<Text | undefined> {
    while (at < texts.length) {
      yield
      const text = texts[at++]!
      if (picked.every((one) => !isSame(one, text))) return text
    }
    return undefined
  }
}

/**
 * The candidate that is least like everything picked before, starting with the first:
 * farthest-first traversal (Gonzalez: Clustering to minimize the maximum intercluster distance,
 * 1985), which Sener and Savarese use for active learning (A core-set approach, 2018).
 */
function farthestFirst(texts: readonly Text[], picked: readonly Text[]) {
  const nearest = texts.map(() => 0)
  let seen = 0
  return function* (): Work<Text | undefined> {
    for (; seen < picked.length; seen++) {
      for (const [at, text] of texts.entries()) {
        if (at % 16 === 0) yield
        nearest[at] = Math.max(nearest[at]!, likeness(text, picked[seen]!))
      }
    }
    let best = -1
    for (const [at, near] of nearest.entries()) {
      if (near < sameTextSimilarity && (best < 0 || near < nearest[best]!)) best = at
    }
    return texts[best]
  }
}

function isSame(a: Text, b: Text): boolean {
  return likeness(a, b) >= sameTextSimilarity
}

/** The similarity of two texts; 1 for one event, whatever its text was when it came again. */
function likeness(a: Text, b: Text): number {
  if (a.candidate.eventId === b.candidate.eventId) return 1
  return similarity(a.sketch, b.sketch)
}
