// Four suites: `unit` needs no server; `faults` kills a stack of its own; `integration` runs against the
// real broker, registry and analytics engine that tests/global-stack.ts starts once. These run two files
// at a time, the longest first: they wait more than they compute. `alone` holds what is measured in
// seconds, and has the machine to itself at the end.
import { configDefaults, defineConfig } from 'vitest/config'

const alone = ['tests/integration/promotion.test.ts']
const servers = { testTimeout: 400_000, hookTimeout: 180_000 }
const stack = { ...servers, globalSetup: ['tests/global-stack.ts'] }

export default defineConfig({
  test: {
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
        },
      },
      {
        test: {
          ...{ name: 'faults', include: ['tests/faults/**/*.test.ts'], ...servers },
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/{contract,integration,e2e}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...alone],
          ...stack,
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...{ name: 'alone', include: alone, ...stack },
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
