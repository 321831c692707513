// Three suites: `unit` needs no server and runs two files at a time; `apart` runs beside it and needs no server
// that others use: commands without one, and the faults, which kill and start a stack of their own. `integration`
// runs against the real broker, registry and analytics engine that tests/global-stack.ts starts once.
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const apart = ['tests/faults/**/*.test.ts', 'tests/e2e/{cli,files,package,train-resume}.test.ts']

/** Tests of processes wait most of their time, so they begin first and the unit tests fill the gaps. */
class ApartFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isApart = ({ project }: TestSpecification) => project.name === 'apart'
    return [...sorted.filter(isApart), ...sorted.filter((file) => !isApart(file))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: ApartFirst },
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
          name: 'apart',
          include: apart,
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
          exclude: apart,
          globalSetup: ['tests/global-stack.ts'],
          testTimeout: 400_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
