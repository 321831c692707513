// A made-up week of a gateway on the real mails of the demo: events with labels of three versions,
// releases, runs, dead letters, people's labels. It changes with what the dashboard does.
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { loadMails, type DemoMail } from '../../trainers/data/demo-mail.ts'

/** One classified event, as GET /v1/results answers it. */
export type WorldResult = {
  id: string
  label: string
  score: number
  labels: string[]
  outOfScope: number
  probabilities: Record<string, number>
  model: string
  role: string
  text: string
  source: string
  attributes: Record<string, string>
  eventTime: string
  classifiedAt: string
  origin: { topic: string; partition: number; offset: number }
  tokens: number
  truncated: boolean
  queueMs: number
  inferMs: number
  totalMs: number
}

/** A rejected event. */
export type WorldLetter = {
  id: string
  code: string
  stage: string
  attempt: number
  model: string | null
  open: boolean
  rejectedAt: string
  message: string
  payload: string
}

/** A release, newest first in the world. */
export type WorldRelease = { at: string; kind: string; version: string; by: string; reason: string }

/** A label that a person gave. */
export type WorldLabel = { id: string; label: string | null; by: string }

/** Everything that the fixture knows. */
export type World = {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Oldest first. */
  readonly results: WorldResult[]
  readonly letters: WorldLetter[]
  readonly releases: WorldRelease[]
  readonly labels: WorldLabel[]
  champion: string
  previous: string
  shadow: { version: string; percent: number } | undefined
  challenger: { version: string; percent: number } | undefined
  /** Classifies an event and adds it; the time is now if none is given. */
  arrive(event: { id?: string; text: string; source?: string }, atMs?: number): WorldResult
  /** One more mail of the corpus. */
  nextMail(): { text: string; source: string }
}

const labels = ['ham', 'spam'] as const
const dayMs = 86_400_000
const sources = ['support-mail', 'newsletter', 'web-form']

/** The probability of spam of each word; unknown words say nothing. */
export const wordWeights: Readonly<Record<string, number>> = {
  ...{ free: 1.6, click: 1.9, offer: 1.4, money: 1.3, guaranteed: 1.5, order: 0.8, credit: 1.2 },
  ...{ remove: 1.1, viagra: 2.4, cruise: 1.7, claim: 1.4, winner: 1.8, now: 0.4, special: 0.9 },
  ...{ business: 0.5, income: 1.4, unsubscribe: 0.8, dear: 0.7, save: 0.9, selected: 0.8 },
  ...{ wrote: -1.8, list: -0.9, patch: -2, linux: -1.9, perl: -1.7, url: -0.8, thanks: -1.1 },
  ...{ file: -0.8, code: -1, error: -0.9, meeting: -1.5, draft: -1.1, attached: -0.4, bug: -1.6 },
  ...{ thursday: -0.8, tom: -0.5, think: -0.9, said: -0.8, invoice: -0.3 },
}

/** Makes the world of the given texts, or of the mails of the demo, which takes two seconds. */
export async function makeWorld(
  texts: readonly string[] | undefined,
  now: () => number,
): Promise<World> {
  const mails: Pick<DemoMail, 'text'>[] = (texts ?? []).map((text) => ({ text }))
  if (texts === undefined) for await (const mail of loadMails({})) mails.push(mail)
  const random = seededRandom(18)
  const shuffled = mails.map((_, at) => at)
  random.shuffle(shuffled)
  let next = 0
  let offset = 0
  const nextMail = () => {
    const mail = mails[shuffled[next++ % shuffled.length]!]!
    return { text: mail.text.slice(0, 4_000), source: sources[random.below(sources.length)]! }
  }
  const world: World = {
    ...{ results: [], letters: [], labels: [], releases: releasesOf(now()) },
    now,
    ...{ champion: '3', previous: '2', challenger: undefined },
    shadow: { version: '4', percent: 100 },
    nextMail,
    arrive(event, atMs = now()) {
      const probability = spamProbability(event.text, world.champion)
      const label = probability >= 0.5 ? 'spam' : 'ham'
      const spam = Number(probability.toFixed(4))
      const probabilities = { ham: Number((1 - spam).toFixed(4)), spam }
      const queueMs = 1 + random.below(180) / 10
      const inferMs = 4 + random.below(260) / 10
      const kafkaMs = 6 + random.below(400) / 10 + (random.below(60) === 0 ? 320 : 0)
      const totalMs = Number((queueMs + inferMs + kafkaMs).toFixed(1))
      const origin = { topic: 'winnow.events', partition: offset % 4, offset: offset++ }
      const result: WorldResult = {
        id: event.id ?? `${origin.topic}/${origin.partition}/${origin.offset}`,
        ...{ label, score: probabilities[label], labels: [label], probabilities },
        outOfScope: random.below(12) === 0 ? 0.7 : random.below(30) / 100,
        ...{ model: `mail@${world.champion}`, role: 'champion' },
        ...{ text: event.text, source: event.source ?? '', attributes: {} },
        eventTime: new Date(atMs - totalMs).toISOString(),
        classifiedAt: new Date(atMs).toISOString(),
        ...{ origin, tokens: Math.min(256, Math.ceil(event.text.length / 4.2)) },
        truncated: event.text.length > 1_075,
        ...{ queueMs, inferMs, totalMs },
      }
      world.results.push(result)
      return result
    },
  }
  fill(world, random)
  return world
}

/** The versions differ a little, so that there is something to compare. */
function spamProbability(text: string, version: string): number {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? []
  const seen = new Set(words.slice(0, 200))
  let logOdds = -0.7 + (Number(version) - 3) * 0.15
  for (const word of seen) logOdds += wordWeights[word] ?? 0
  return 1 / (1 + Math.exp(-Math.max(-6, Math.min(6, logOdds))))
}

function fill(world: World, random: ReturnType<typeof seededRandom>): void {
  const now = world.now()
  // Older events are rarer, so that every range has something to show.
  const ages = [
    ...Array.from({ length: 900 }, () => random.below(7 * dayMs)),
    ...Array.from({ length: 1_400 }, () => random.below(dayMs)),
    ...Array.from({ length: 1_300 }, () => random.below(dayMs / 24)),
    ...Array.from({ length: 900 }, () => random.below(900_000)),
  ].sort((a, b) => b - a)
  for (const age of ages) world.arrive(world.nextMail(), now - age - 400)
  for (let at = 0; at < 180; at++) {
    const result = world.results[random.below(world.results.length)]!
    const isWrong = random.below(11) === 0
    const other = result.label === 'spam' ? 'ham' : 'spam'
    for (const by of at % 3 === 0 ? ['ann', 'ben'] : ['ann']) {
      const label = isWrong || random.below(16) === 0 ? other : result.label
      world.labels.push({ id: result.id, label, by })
    }
  }
  world.letters.push(...lettersOf(now))
}

function releasesOf(now: number): WorldRelease[] {
  const at = (daysAgo: number, hours: number) =>
    new Date(now - daysAgo * dayMs - hours * 3_600_000).toISOString()
  const ann = 'ann@build-3'
  return [
    { at: at(0, 5), kind: 'shadow', version: '4', by: ann, reason: 'compare before promoting' },
    {
      at: at(0, 5.2),
      kind: 'publish',
      version: '4',
      by: ann,
      reason: 'trained on 412 more labels',
    },
    { at: at(0, 20), kind: 'swap', version: '3', by: 'stream-1', reason: '' },
    {
      at: at(0, 20),
      kind: 'promote',
      version: '3',
      by: 'ben@laptop',
      reason: 'better on invoices',
    },
    { at: at(1, 2), kind: 'publish', version: '3', by: ann, reason: 'fine-tuned two layers' },
    { at: at(6, 1), kind: 'promote', version: '2', by: ann, reason: 'fewer false alarms' },
    { at: at(6, 2), kind: 'refusal', version: '2', by: ann, reason: 'worse on its golden texts' },
    { at: at(6, 3), kind: 'publish', version: '2', by: ann, reason: '' },
    { at: at(12, 0), kind: 'promote', version: '1', by: ann, reason: 'first version' },
  ]
}

function lettersOf(now: number): WorldLetter[] {
  const kinds = [
    ['text_empty', 'validate', 'text holds nothing to see', '{"id":"crm-20811","text":"  "}'],
    [
      'json_invalid',
      'decode',
      'the value is no JSON: unexpected end at 61',
      '{"id":"a-1","text":"You have won',
    ],
    [
      'field_type',
      'validate',
      'text must be a string, not a number',
      '{"id":"n-7","text":4711,"source":"web-form"}',
    ],
    [
      'time_future',
      'validate',
      'time is 3 h 12 min ahead of the broker',
      '{"text":"Hello","time":"2031-01-01T00:00:00Z"}',
    ],
  ] as const
  return Array.from({ length: 57 }, (_, at) => {
    const [code, stage, message, payload] =
      kinds[at % 7 === 0 ? 3 : at % 5 === 0 ? 2 : at % 3 === 0 ? 1 : 0]
    return {
      id: `winnow.events/${at % 4}/${9_000 + at}`,
      ...{ code, stage, message, payload },
      ...{ attempt: at % 9 === 0 ? 1 : 0, model: null, open: at % 4 !== 3 },
      rejectedAt: new Date(now - at * at * 61_000 - 40_000).toISOString(),
    }
  })
}

/** Both labels of the model. */
export const worldLabels: readonly string[] = labels
