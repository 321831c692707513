// Three suites that share three workers: `integration` runs against the real broker, registry and
// analytics engine that tests/global-stack.ts starts once; `apart` needs no server that others use:
// commands without one, and the faults, which kill and start a stack of their own; `unit` needs no
// server at all.
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const apart = [
  'tests/faults/**/*.test.ts',
  'tests/e2e/{cli,cross-validation,files,option-checks,package,train-resume}.test.ts',
]

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
  return project.name === 'unit' ? 2 : 1
}

const processes = { testTimeout: 400_000, hookTimeout: 180_000 }

export default defineConfig({
  test: {
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    coverage: {
      provider: 'v8',
      include: [
        '{schemas,configs,models,streams,trainers,gateway,infra,serving,commands}/**/*.ts',
        'cli.ts',
      ],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary', 'html'],
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{schemas,configs,models,streams,trainers,gateway,infra,serving,commands}/**/*.test.ts',
            'tests/*.test.ts',
          ],
          testTimeout: 30_000,
        },
      },
      { test: { name: 'apart', include: apart, ...processes } },
      {
        test: {
          name: 'integration',
          include: ['tests/{contract,integration,e2e}/**/*.test.ts'],
          exclude: apart,
          globalSetup: ['tests/global-stack.ts'],
          ...processes,
        },
      },
    ],
  },
})
