// Three suites: `unit` needs no server and runs two files at a time; `faults` runs beside it, on a stack of its
// own that it kills and starts; `integration` runs against the real broker, registry and analytics engine
// that tests/global-stack.ts starts once.
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The fault tests wait most of their time, so they begin first and the unit tests fill the gaps. */
class FaultsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isFaults = ({ project }: TestSpecification) => project.name === 'faults'
    return [...sorted.filter(isFaults), ...sorted.filter((file) => !isFaults(file))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: FaultsFirst },
    coverage: {
      provider: 'v8',
      include: ['{schemas,configs,models,streams,trainers,gateway,infra}/**/*.ts', 'cli.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary', 'html'],
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{schemas,configs,models,streams,trainers,gateway,infra}/**/*.test.ts',
            'tests/*.test.ts',
          ],
          testTimeout: 30_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          testTimeout: 400_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/{contract,integration,e2e}/**/*.test.ts'],
          globalSetup: ['tests/global-stack.ts'],
          testTimeout: 400_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
