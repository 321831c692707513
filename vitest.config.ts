// Two suites: `unit` needs no server and runs two files at a time; `integration` runs against the real
// broker, registry and analytics engine that tests/global-stack.ts starts once.
import { defineConfig } from 'vitest/config'

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
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/{contract,integration,e2e,faults}/**/*.test.ts'],
          globalSetup: ['tests/global-stack.ts'],
          testTimeout: 400_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
