// The states of models in memory, as infra/sinks/model-announcements.ts keeps them on a topic.
import type { ModelAnnouncements } from '../../infra/sinks/model-announcements.ts'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'

export type MemoryAnnouncements = ModelAnnouncements & {
  /** Everything that was announced, in order. */
  readonly log: ModelAnnouncement[]
  /** Each of the next announcements fails with one of these; nothing is written then. */
  readonly failures: Error[]
}

/** Makes an empty topic; following it is left to the real one. */
export function createMemoryAnnouncements(): MemoryAnnouncements {
  const log: ModelAnnouncement[] = []
  const failures: Error[] = []
  const present = () => new Map(log.map((state) => [state.name, state]))
  return {
    log,
    failures,
    states: () => Promise.resolve(present()),
    announce: (name, next) =>
      new Promise((resolve, reject) => {
        const failure = failures.shift()
        if (failure !== undefined) {
          reject(failure)
          return
        }
        const state = next(present().get(name))
        log.push(state)
        resolve(state)
      }),
    follow: () => Promise.reject(new Error('nothing follows this topic')),
  }
}
