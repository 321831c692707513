// Four suites that share four workers:
// - `integration` runs against the broker, registry and analytics engine of tests/global-stack.ts;
// - `apart` runs commands that need no server, and the faults, which start a stack of their own;
// - `unit` needs no server, and its files share a process;
// - `unit-alone` are the unit tests that measure their process, so each has its own.
import { globSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { isLongForm } from './tests/support/long-form.ts'

/**
 * Files that run in the long form only, `npm run test:long`: what each tests is tested in a shorter
 * way by others, which docs/internals/tests.md names.
 */
const longOnly = [
  'tests/e2e/{cross-validation,explain,package,runs,train-auto,train-resume,tune}.test.ts',
  'tests/integration/{base-from-maven,connect,model-import,model-store,multi-label}.test.ts',
  'tests/integration/{promotion,several-models,side-by-side,stack,train-worker}.test.ts',
  'tests/integration/without-registry.test.ts',
]
const leftOut = isLongForm ? [] : longOnly

const apart = [
  'tests/faults/**/*.test.ts',
  'tests/e2e/{cli,cross-validation,explain,files,option-checks,package,runs,train-resume,tune}.test.ts',
]

const unit = [
  '{client,dashboard,schemas,configs,models,streams,trainers,gateway,infra,serving,library,commands}/**/*.test.ts',
  'tests/*.test.ts',
]

/** Other files would add to the processor time, memory and timers that these tests measure. */
const unitAlone = globSync(unit, { cwd: import.meta.dirname }).filter((file) =>
  /processor-time|memoryUsage|getTimerCount/.test(
    readFileSync(`${import.meta.dirname}/${file}`, 'utf8'),
  ),
)

/**
 * Tests of processes wait most of their time, so they begin first, those that take minutes before
 * the others, and the unit tests fill the gaps.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted
      .map((file) => ({ file, rank: rankOf(file) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ file }) => file)
  }
}

function rankOf({ project, moduleId }: TestSpecification): number {
  if (/\/(?:faults|package)\.test\.ts$/.test(moduleId)) return 0
  return project.name.startsWith('unit') ? 2 : 1
}

/** Both suites of unit tests. */
const units = { setupFiles: ['tests/support/property-seed.ts'], testTimeout: 30_000 }

const processes = { testTimeout: 400_000, hookTimeout: 180_000 }

export default defineConfig({
  test: {
    // Two for each core of a small machine: most files wait for servers half of their time.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    coverage: {
      provider: 'v8',
      include: [
        '{schemas,configs,models,streams,trainers,gateway,infra,serving,library,commands}/**/*.ts',
        '{cli,index}.ts',
      ],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary', 'html'],
    },
    projects: [
      {
        test: { name: 'unit', include: unit, exclude: unitAlone, isolate: false, ...units },
      },
      { test: { name: 'unit-alone', include: unitAlone, ...units } },
      { test: { name: 'apart', include: apart, exclude: leftOut, ...processes } },
      {
        test: {
          name: 'integration',
          include: ['tests/{contract,integration,e2e}/**/*.test.ts'],
          exclude: [...apart, ...leftOut],
          globalSetup: ['tests/global-stack.ts'],
          ...processes,
        },
      },
    ],
  },
})
