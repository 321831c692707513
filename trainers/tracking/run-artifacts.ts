// The artifacts of a run: the files of its folder, the report and manifest of the version that it
// made, the data manifest, and plots. Nothing is rendered before it is uploaded. The model's graph
// is no artifact; it stays in Winnow's stores.
import { openAsBlob } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type { Config } from '../../configs/schema.ts'
import { modelDir } from '../../models/store/version-files.ts'
import type { TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import { plotFiles, type PlotFile } from './artifact-plots.ts'
import type { RunProgress } from './progress-log.ts'
import { runFiles } from './run-store.ts'
import { syncStateFile } from './sync-state.ts'
import type { TrackedRun } from './tracked-run.ts'

/** A file to upload. */
export type RunArtifact = {
  /** In the run on the server. */
  readonly path: string
  /** Differs when the content does. */
  readonly stamp: string
  readonly open: () => Promise<Blob>
}

/** What there is to upload, and files that are too large. */
export type RunArtifacts = {
  readonly artifacts: readonly RunArtifact[]
  readonly tooLarge: readonly { readonly path: string; readonly bytes: number }[]
}

/** Of this process, of others that work on the run, and what only a resume needs. */
const ownFiles = /^(?:start\.json|checkpoint.*|.*\.(?:lock|new|part))$/

/** Lists the artifacts of a run that is over, the smaller ones first. */
export async function runArtifacts(
  run: TrackedRun,
  options: {
    readonly storeDir: string
    readonly progress: RunProgress | undefined
    readonly bytesMax: number
  },
): Promise<RunArtifacts> {
  const { storeDir, progress, bytesMax } = options
  const own = (await runFiles(run.dir)).map(({ path }) => ({
    path: relative(run.dir, path),
    file: path,
  }))
  const files = [
    ...own.filter(({ path }) => path !== syncStateFile && !ownFiles.test(basename(path))),
    ...versionFiles(run, storeDir),
    ...(progress?.files ?? []).map((file) => ({ path: `predictions/${basename(file)}`, file })),
  ]
  const found = new Map<string, RunArtifact & { readonly bytes: number }>()
  const tooLarge: { path: string; bytes: number }[] = []
  for (const { path, file } of files) {
    const facts = await stat(file).catch(() => undefined)
    if (facts?.isFile() !== true || found.has(path)) continue
    if (facts.size > bytesMax) {
      tooLarge.push({ path, bytes: facts.size })
      continue
    }
    const stamp = `${facts.size} bytes ${facts.mtimeMs}`
    found.set(path, { path, stamp, bytes: facts.size, open: () => openAsBlob(file) })
  }
  const bySize = [...found.values()].sort((a, b) => a.bytes - b.bytes)
  return { artifacts: [...bySize, ...renderedArtifacts(run, found)], tooLarge }
}

/** The artifacts that the configuration lets through. */
export async function artifactsToSend(
  run: TrackedRun,
  options: {
    readonly storeDir: string
    readonly progress: RunProgress | undefined
    readonly config: Pick<Config['tracking']['mlflow'], 'artifacts' | 'artifactBytesMax'>
  },
): Promise<RunArtifacts> {
  const { storeDir, progress, config } = options
  if (config.artifacts === 'none') return { artifacts: [], tooLarge: [] }
  return runArtifacts(run, { storeDir, progress, bytesMax: config.artifactBytesMax })
}

/** What is said of files that are too large; undefined if there are none. */
export function tooLargeText({ tooLarge }: RunArtifacts): string | undefined {
  if (tooLarge.length === 0) return undefined
  const names = tooLarge.map(({ path }) => path).join(', ')
  return `not uploaded, because larger than tracking.mlflow.artifactBytesMax: ${names}`
}

/** The manifest of the version, and its report, which is that of its training as well. */
function versionFiles(
  { kind, model }: TrackedRun,
  storeDir: string,
): { path: string; file: string }[] {
  const [name, version] = model?.split('@') ?? []
  if (name === undefined || version === undefined) return []
  const dir = join(modelDir(storeDir, name), version)
  return [
    {
      path: kind === 'train' ? 'report.html' : 'model/report.html',
      file: join(dir, 'report.html'),
    },
    { path: 'model/manifest.json', file: join(dir, 'manifest.json') },
  ]
}

/** What is made of the run's record, as often as that changes. */
function renderedArtifacts(
  run: TrackedRun,
  files: ReadonlyMap<string, RunArtifact>,
): RunArtifact[] {
  const record = ['run.json', 'cv.json'].find((name) => files.has(name))
  if (record === undefined) return []
  const { stamp } = files.get(record)!
  const read = async (): Promise<RecordContent> =>
    // Written by Winnow, and read as a run before.
    JSON.parse(await readFile(join(run.dir, record), 'utf8')) as RecordContent
  let drawn: Promise<PlotFile[]> | undefined
  const plot = async (path: string): Promise<Blob> => {
    drawn ??= read().then(({ evaluation, metrics }) => plotFiles((evaluation ?? metrics)!))
    const { svg = '' } = (await drawn).find((one) => one.path === path) ?? {}
    return new Blob([svg])
  }
  const manifest = async (): Promise<Blob> => {
    const { dataManifest } = await read()
    return new Blob([`${JSON.stringify(dataManifest, null, 2)}\n`])
  }
  const names = run.task === 'multi-label' ? setPlots : labelPlots
  return [
    { path: 'data-manifest.json', stamp, open: manifest },
    ...names.map((path) => ({ path, stamp, open: () => plot(path) })),
  ]
}

const setPlots = ['plots/roc.svg', 'plots/precision-recall.svg']
const labelPlots = [
  'plots/confusion.svg',
  'plots/reliability.svg',
  'plots/risk-coverage.svg',
  ...setPlots,
]

/** What run.json and cv.json have in common here. */
type RecordContent = {
  readonly dataManifest: object
  readonly evaluation?: TaskEvaluation
  readonly metrics?: TaskEvaluation
}
