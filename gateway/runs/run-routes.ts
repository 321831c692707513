// GET /v1/runs: the runs of train, cv and tune; one of them with its epochs, folds or trials; and
// its report.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { characters } from '../../schemas/characters.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { limitUpTo, noParameters, readQuery } from '../http/query-parameters.ts'
import { addRoute, addSchemas, jsonContent, problems, queryParameters } from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import { reportNeeds, reportResponse, storedReport } from '../http/stored-report.ts'
import { requireWholeTexts } from '../http/text-view.ts'
import type { RunReader, RunSummary, ShownRun } from './run-reader.ts'

/** Adds the routes of runs. */
export function addRunRoutes(
  app: Gateway,
  options: RouteOptions & { readonly runs: RunReader },
): void {
  const { runs } = options
  const middleware = [options.authorize('read'), options.admit]
  addSchemas(app, { RunPage: runPage, Run: runJson })
  addRoute(app, { ...listRuns, middleware }, async (c) => {
    const { kind, model, limit, cursor } = readQuery(c.req.queries(), runQuery)
    const filter = { kind, name: model, limit: Number(limit ?? 50), after: cursor }
    const page = await c.get('work').run(() => runs.list(filter))
    return c.json({
      runs: page.runs.map(summaryJson),
      ...(page.cursor !== undefined && { cursor: page.cursor }),
    } satisfies z.output<typeof runPage>)
  })
  addRoute(app, { ...getRunReport, middleware }, async (c) => {
    readQuery(c.req.queries(), noParameters)
    requireWholeTexts(c, reportNeeds)
    const name = c.req.param('run')!
    const report = await c.get('work').run(() => runs.report(name))
    if (report !== undefined) return storedReport(c, report)
    throw new WinnowError('not_found', 'There is no such run, or it has no report')
  })
  addRoute(app, { ...getRun, middleware }, async (c) => {
    readQuery(c.req.queries(), noParameters)
    const run = await c.get('work').run(() => runs.run(c.req.param('run')!))
    if (run === undefined) throw new WinnowError('not_found', 'There is no run of this name')
    return c.json(runDocument(run))
  })
}

function summaryJson(run: RunSummary): z.output<typeof summaryShape> {
  const { kind, name, model, method, state, started, seconds, metrics, mainMetric } = run
  return {
    run: run.run,
    ...{ kind, name, model, method, state, started, seconds, mainMetric },
    metrics: Object.fromEntries(Object.entries(metrics).map(([key, { value }]) => [key, value])),
    intervals: Object.fromEntries(
      Object.entries(metrics).flatMap(([key, { low, high }]) =>
        low === undefined || high === undefined ? [] : [[key, { low, high }]],
      ),
    ),
    children: run.children,
    ...(run.reason !== undefined && { reason: run.reason }),
  }
}

function runDocument(run: ShownRun): z.output<typeof runJson> {
  const { parameters, dataManifest, environment, measuredOn, best, trainingRun, tune } = run
  return {
    ...summaryJson(run),
    ...{ parameters, dataManifest, environment, measuredOn, best, trainingRun, tune },
    versions: [...run.versions],
    steps: run.steps.map(({ step, metrics }) => ({ step, metrics })),
    children: run.parts.map((part) => ({
      run: `${run.run}#${part.step}`,
      kind: run.partsOf!,
      number: part.step,
      state: part.state,
      parameters: part.parameters,
      metrics: part.metrics,
      seconds: part.seconds,
      steps: part.epochs.map(({ step, metrics }) => ({ step, metrics })),
      ...(part.error !== undefined && { error: part.error }),
    })),
    hasReport: run.hasReport,
  }
}

const runQuery = z.strictObject({
  kind: z.enum(['train', 'cv', 'tune']).optional().describe('Only runs of one command.'),
  model: characters(1, 64)
    .optional()
    .describe('Only runs of this model, or of a cross-validation of this name.'),
  limit: limitUpTo(200).optional().describe('Most runs of one page, 1 to 200; 50 by default.'),
  cursor: characters(1, 256).optional().describe('The cursor of the previous page.'),
})

const figures = z.record(z.string(), z.number())
const summaryShape = z.strictObject({
  run: z.string(),
  kind: z.enum(['train', 'cv', 'tune']).nullable(),
  name: z.string(),
  model: z.string().nullable().describe('NAME@VERSION of the model that it made.'),
  method: z.string().nullable(),
  state: z.enum(['finished', 'unfinished', 'damaged']),
  reason: z.string().optional().describe('Why a damaged run cannot be read.'),
  started: z.iso.datetime().nullable(),
  seconds: z.number().nullable(),
  metrics: figures,
  intervals: z.record(z.string(), z.strictObject({ low: z.number(), high: z.number() })),
  mainMetric: z.string().nullable().describe('The metric that the run is judged by.'),
  children: z.int().describe('The number of folds or trials.'),
})
const runPage = z
  .strictObject({ runs: z.array(summaryShape), cursor: z.string().optional() })
  .describe('Newest first. The last page has no cursor.')
const anything = z.record(z.string(), z.unknown())
const epochShape = z.strictObject({ step: z.number(), metrics: figures })
const runJson = summaryShape.extend({
  parameters: anything,
  dataManifest: anything.describe('Source, examples, labels and hash of each part of the data.'),
  environment: anything.nullable(),
  measuredOn: z.string().nullable(),
  best: z.string().nullable().describe('The epoch or trial that was kept.'),
  versions: z.array(z.string()).describe('The versions in the store that name the run.'),
  trainingRun: z.string().nullable().describe('The run that trained the winner of a tune.'),
  tune: z.string().nullable().describe('The tune whose winner the run trained.'),
  steps: z.array(epochShape).describe('Epochs of a training.'),
  children: z
    .array(
      z.strictObject({
        run: z.string(),
        kind: z.enum(['fold', 'trial']),
        number: z.string(),
        state: z.enum(['complete', 'pruned', 'failed', 'running']),
        parameters: anything,
        metrics: figures,
        seconds: z.number().nullable(),
        steps: z.array(epochShape).describe('Epochs of the fold or trial.'),
        error: z.string().optional(),
      }),
    )
    .describe('Folds of a cross-validation, or trials of a tune.'),
  hasReport: z.boolean(),
})

const shared = {
  method: 'get' as const,
  tags: ['runs'],
  security: [{ bearer: ['read'] }],
}
const runParameter = {
  name: 'run',
  in: 'path' as const,
  required: true,
  schema: { type: 'string' as const },
  description: 'The whole name of the run.',
}
const listRuns: RouteConfig = {
  ...shared,
  path: '/v1/runs',
  summary: 'Runs of train, cv and tune',
  parameters: queryParameters(runQuery),
  responses: {
    200: { description: 'One page, newest first.', content: jsonContent('RunPage') },
    ...problems([400, 401, 403, 500, 503, 504]),
  },
}
const getRun: RouteConfig = {
  ...shared,
  path: '/v1/runs/{run}',
  summary: 'One run with its epochs, folds or trials',
  parameters: [runParameter],
  responses: {
    200: { description: 'The run.', content: jsonContent('Run') },
    ...problems([400, 401, 403, 404, 500, 503, 504]),
  },
}
const getRunReport: RouteConfig = {
  ...shared,
  path: '/v1/runs/{run}/report',
  summary: 'The report of a run',
  parameters: [runParameter],
  responses: { 200: reportResponse, ...problems([400, 401, 403, 404, 500, 503, 504]) },
}
