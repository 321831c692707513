// The routes of the fixture that are about models, runs, labelling and dead letters.
import type { Hono } from 'hono'
import type { World, WorldResult } from './fixture-world.ts'
import { worldLabels } from './fixture-world.ts'

const dayMs = 86_400_000

/** Adds them. */
export function addControlRoutes(app: Hono, world: World): void {
  addModelRoutes(app, world)
  addRunRoutes(app, world)
  addLabellingRoutes(app, world)
  addLetterRoutes(app, world)
}

const report = `<!doctype html><html lang="en"><title>Report</title>
<body style="font-family:system-ui;margin:24px;color-scheme:light dark"><h1>mail@3</h1>
<p>Accuracy 98.4 % on 1,512 test texts, 95 % interval 97.7 to 99.0 %.</p></body></html>`

function addModelRoutes(app: Hono, world: World): void {
  app.get('/v1/models', (c) => {
    const versions = ['1', '2', '3', '4'].map((version) => {
      const at = Number(version)
      const accuracy = [0.961, 0.978, 0.984, 0.986][at - 1]!
      return {
        ...{ version, model: `mail@${version}` },
        created: new Date(world.now() - [12, 6.1, 1.2, 0.22][at - 1]! * dayMs).toISOString(),
        ...{ method: at < 3 ? 'head' : 'partial', base: 'minilm-l6', labels: [...worldLabels] },
        ...{ precision: at === 2 ? 'int8' : 'fp32', bytes: at === 2 ? 23_400_000 : 90_900_000 },
        ...{ state: 'readable', roles: rolesOf(world, version) },
        accuracy,
        metrics: {
          accuracy,
          macroF1: accuracy - 0.007,
          mcc: accuracy - 0.03,
          logLoss: 0.2 - at * 0.03,
          ece: 0.02 / at,
        },
        ...{ run: `20261129T0912${version}0-mail-1f9c2e`, hasReport: true },
      }
    })
    return c.json({ serving: `mail@${world.champion}`, models: [{ name: 'mail', versions }] })
  })
  app.get('/v1/models/:name/releases', (c) => c.json({ releases: world.releases }))
  app.get('/v1/models/:name/versions/:version/report', (c) => c.html(report))
  app.get('/v1/models/:name/compare', (c) => {
    const { a, b } = c.req.query()
    const flips = [
      { a: 'spam', b: 'ham', events: 61 },
      { a: 'ham', b: 'spam', events: 23 },
    ]
    const judged = {
      ...{ labelled: 164, accuracyA: 0.933, accuracyB: 0.982, onlyARight: 2, onlyBRight: 10 },
      pValue: 0.0386,
    }
    return c.json({ a, b, events: 3_180, agreement: 0.9736, flips, judged, alone: [] })
  })
  app.post('/v1/models/:name/:action{promote|rollback|challenge|shadow}', async (c) => {
    const action = c.req.param('action')
    const {
      version = world.previous,
      percent = 0,
      reason,
    } = await c.req.json<{
      version?: string
      percent?: number
      reason: string
    }>()
    const before = { champion: world.champion }
    if (action === 'promote' || action === 'rollback') {
      world.previous = world.champion
      world.champion = version
      if (world.shadow?.version === version) world.shadow = undefined
    } else {
      world[action === 'shadow' ? 'shadow' : 'challenger'] =
        percent === 0 ? undefined : { version, percent }
    }
    world.releases.unshift({
      at: new Date(world.now()).toISOString(),
      kind: action,
      version,
      by: 'dashboard',
      reason,
    })
    return c.json({ before, state: { champion: world.champion } })
  })
}

function rolesOf(world: World, version: string) {
  return [
    ...(world.champion === version ? [{ kind: 'champion' }] : []),
    ...(world.previous === version ? [{ kind: 'previous' }] : []),
    ...(world.shadow?.version === version
      ? [{ kind: 'shadow', percent: world.shadow.percent }]
      : []),
    ...(world.challenger?.version === version
      ? [{ kind: 'challenger', percent: world.challenger.percent }]
      : []),
  ]
}

function addRunRoutes(app: Hono, world: World): void {
  const runs = [
    {
      kind: 'train',
      model: 'mail@4',
      method: 'partial',
      hours: 5.3,
      seconds: 412,
      metric: 0.979,
      children: 0,
    },
    {
      kind: 'tune',
      model: 'mail@3',
      method: 'partial',
      hours: 26,
      seconds: 5_130,
      metric: 0.977,
      children: 14,
    },
    { kind: 'cv', model: null, method: 'head', hours: 50, seconds: 96, metric: 0.968, children: 5 },
    {
      kind: 'train',
      model: 'mail@2',
      method: 'head',
      hours: 147,
      seconds: 41,
      metric: 0.971,
      children: 0,
    },
    {
      kind: 'train',
      model: null,
      method: 'full',
      hours: 150,
      seconds: null,
      metric: undefined,
      children: 0,
    },
  ].map(({ hours, metric, ...run }, at) => ({
    run: `2026112${9 - at}T091240-mail-1f9c2${at}`,
    name: 'mail',
    ...run,
    state: run.seconds === null ? 'unfinished' : 'finished',
    started: new Date(world.now() - hours * 3_600_000).toISOString(),
    metrics:
      metric === undefined
        ? {}
        : {
            macroF1: metric,
            accuracy: metric + 0.006,
            mcc: metric - 0.02,
            logLoss: 0.08,
            ece: 0.006,
          },
    mainMetric: 'macroF1',
  }))
  app.get('/v1/runs', (c) => {
    const { kind } = c.req.query()
    return c.json({ runs: runs.filter((run) => kind === undefined || run.kind === kind) })
  })
  app.get('/v1/runs/:run/report', (c) => c.html(report))
  app.get('/v1/runs/:run', (c) => {
    const found = runs.find(({ run }) => run === c.req.param('run')) ?? runs[0]!
    const steps = Array.from({ length: 6 }, (_, at) => ({
      step: at + 1,
      metrics: {
        trainLoss: 0.6 * 0.55 ** at,
        validationLoss: 0.5 * 0.66 ** at + 0.05,
        macroF1: 0.979 - 0.12 * 0.5 ** at,
      },
    }))
    const children = Array.from({ length: found.children }, (_, at) => ({
      run: `${found.run}#${at + 1}`,
      kind: found.kind === 'cv' ? 'fold' : 'trial',
      number: String(at + 1),
      state: found.kind === 'tune' && at % 5 === 4 ? 'pruned' : 'complete',
      parameters: {
        lr: Number((1e-5 * (1 + ((at * 7) % 11))).toPrecision(2)),
        layers: 1 + (at % 3),
        epochs: 3,
      },
      metrics: { macroF1: 0.95 + ((at * 13) % 28) / 1_000 },
      seconds: 180 + at * 17,
      steps: [],
    }))
    return c.json({
      ...found,
      parameters: {
        base: 'minilm-l6',
        method: found.method,
        epochs: 6,
        lr: 0.00003,
        batch: 32,
        seed: 1,
      },
      dataManifest: { source: 'mails.jsonl.gz', examples: 4_534, sha256: '9f2c…41' },
      environment: { node: '24.21.0', cores: 2, host: 'build-3' },
      steps: found.kind === 'train' ? steps : [],
      children,
      hasReport: found.seconds !== null,
    })
  })
}

function addLabellingRoutes(app: Hono, world: World): void {
  const item = (result: WorldResult) => {
    const { id, text, source, label, score, probabilities, outOfScope, model, classifiedAt } =
      result
    const suggestions = worldLabels.map((name) => ({ label: name, score: probabilities[name]! }))
    return {
      id,
      text,
      source,
      label,
      score,
      probabilities,
      outOfScope,
      model,
      classifiedAt,
      suggestions,
    }
  }
  const labelled = () => {
    const latest = new Map(world.labels.map(({ id, by, label }) => [`${id} ${by}`, { id, label }]))
    return new Set([...latest.values()].flatMap(({ id, label }) => (label === null ? [] : [id])))
  }
  app.get('/v1/labelling/queue', (c) => {
    const { strategy = 'mixed', exclude = '', limit = '20' } = c.req.query()
    const done = labelled()
    const left = world.results.filter(({ id }) => !done.has(id) && !exclude.split(',').includes(id))
    const ranked = left.slice(-1_500).sort((a, b) => a.score - b.score)
    const reasons = ['uncertain', 'diverse', 'out-of-scope', 'disagreement']
    const items = ranked.slice(0, Number(limit)).map((result, at) => ({
      ...item(result),
      reason: strategy === 'mixed' ? reasons[at % 4] : strategy,
    }))
    return c.json({ model: `mail@${world.champion}`, labels: worldLabels, items })
  })
  app.get('/v1/labelling/similar/:id{.+}', (c) => {
    const id = decodeURIComponent(c.req.param('id'))
    const at = world.results.findIndex((result) => result.id === id)
    const near = world.results.slice(Math.max(0, at - 30), at + 30).filter((one) => one.id !== id)
    const items = near
      .slice(0, 6)
      .map((result, place) => ({ ...item(result), similarity: 0.91 - place * 0.06 }))
    return c.json({ items })
  })
  app.get('/v1/labelling/agreement', (c) =>
    c.json({
      people: [
        { by: 'ann', labels: 180 },
        { by: 'ben', labels: 60 },
      ],
      pairs: [{ a: 'ann', b: 'ben', events: 60, agreement: 0.917, kappa: 0.83 }],
    }),
  )
  app.get('/v1/labelling/suspicious', (c) => {
    const byId = new Map(world.results.map((result) => [result.id, result]))
    const items = world.labels.flatMap(({ id, label, by }) => {
      const result = byId.get(id)
      if (result === undefined || label === null || result.label === label || result.score < 0.9)
        return []
      return [
        { id, text: result.text, given: label, by, predicted: result.label, score: result.score },
      ]
    })
    return c.json({ items: items.slice(0, 20) })
  })
}

function addLetterRoutes(app: Hono, world: World): void {
  const codesOf = () =>
    [...new Set(world.letters.map(({ code }) => code))].map((code) => {
      const own = world.letters.filter((letter) => letter.code === code)
      return { code, open: own.filter(({ open }) => open).length, all: own.length }
    })
  app.get('/v1/dead-letters', (c) => {
    const { state = 'open', code } = c.req.query()
    const deadLetters = world.letters
      .filter(
        (letter) =>
          (state === 'all' || letter.open) && (code === undefined || letter.code === code),
      )
      .map((letter) => ({ ...letter, payload: undefined }))
    return c.json({ deadLetters, codes: codesOf() })
  })
  app.post('/v1/dead-letters/replay', async (c) => {
    const { ids, code } = await c.req.json<{ ids?: string[]; code?: string }>()
    const matched = world.letters.filter(
      (letter) => letter.open && (ids?.includes(letter.id) ?? letter.code === code),
    )
    for (const letter of matched) letter.open = false
    return c.json({ matched: matched.length, sent: matched.length, skipped: {}, stopped: false })
  })
  app.get('/v1/dead-letters/:id{.+}', (c) => {
    const id = decodeURIComponent(c.req.param('id'))
    const letter = world.letters.find((one) => one.id === id) ?? world.letters[0]!
    const { payload, ...rest } = letter
    return c.json({
      ...rest,
      recordTime: letter.rejectedAt,
      key: { text: '', base64: '' },
      payload: { text: payload, base64: btoa(payload), bytes: payload.length, isCut: false },
      attempts: [{ attempt: 0, model: null, code: letter.code, rejectedAt: letter.rejectedAt }],
    })
  })
}
