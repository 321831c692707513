import { describe, expect, it } from 'vitest'
import type { ModelAnnouncement, ReleasedVersion } from '../../schemas/model-announcement.ts'
import { endedParts, passedGate, promoted, published, rolledBack, sided } from './release-state.ts'

const name = 'mail'
const cause = { by: 'tester', reason: '', atMs: 5 }

function released(version: string): ReleasedVersion {
  const sha256 = version.padStart(64, '0')
  return {
    version,
    url: `memory://${version}/`,
    manifestSha256: sha256,
    graphSha256: sha256,
    tokenizerSha256: sha256,
    labelsSha256: sha256,
  }
}
const promote = (state: ModelAnnouncement | undefined, version: string) =>
  promoted(state, { name, released: released(version), ...cause })
const side = (
  state: ModelAnnouncement | undefined,
  role: 'challenger' | 'shadow',
  [version, percent]: [string, number],
) => sided(state, { name, released: released(version), role, percent, ...cause })
const versionsOf = (state: ModelAnnouncement) => state.versions.map(({ version }) => version).sort()

describe('a part beside the champion', () => {
  const one = promote(undefined, '1')
  const both = side(side(one, 'challenger', ['2', 10]), 'shadow', ['3', 100])

  it('leaves the champion and the other part as they are, and keeps what all versions must be', () => {
    expect(both).toMatchObject({
      kind: 'shadowed',
      version: '3',
      champion: '1',
      previous: [],
      promotedAtMs: 5,
      challenger: { version: '2', percent: 10 },
      shadow: { version: '3', percent: 100 },
    })
    expect(versionsOf(both)).toEqual(['1', '2', '3'])
  })

  it('is passed on to another version, and its share changed', () => {
    expect(side(both, 'challenger', ['4', 5])).toMatchObject({
      challenger: { version: '4', percent: 5 },
      shadow: { version: '3', percent: 100 },
    })
    expect(side(both, 'challenger', ['2', 50]).challenger).toEqual({ version: '2', percent: 50 })
  })

  it('ends with 0 %, with the other role of the same version, and with its promotion', () => {
    const ended = side(both, 'challenger', ['2', 0])
    expect(ended).toMatchObject({ kind: 'challenged', challenger: null, shadow: { version: '3' } })
    const moved = side(both, 'challenger', ['3', 20])
    expect([moved.challenger?.version, moved.shadow]).toEqual(['3', null])
    const next = promote(both, '2')
    expect(next).toMatchObject({ champion: '2', challenger: null, shadow: { version: '3' } })
    expect(next.previous).toEqual(['1'])
  })

  it('survives what happens to other versions', () => {
    const parts = { challenger: both.challenger, shadow: both.shadow }
    const later = published(both, { name, released: released('9'), ...cause })
    expect(later).toMatchObject({ champion: '1', ...parts })
    expect(promote(later, '9')).toMatchObject({ champion: '9', ...parts })
    const back = rolledBack(promote(later, '9'), { name, ...cause })
    expect(back).toMatchObject({ champion: '1', ...parts })
    expect(versionsOf(back)).toEqual(['1', '2', '3'])
  })

  it('ends when a rollback makes its version champion again', () => {
    const shadowed = side(promote(one, '2'), 'shadow', ['1', 100])
    expect(shadowed.shadow).toEqual({ version: '1', percent: 100 })
    expect(rolledBack(shadowed, { name, ...cause })).toMatchObject({ champion: '1', shadow: null })
  })

  it('is refused for the champion, and cannot be ended by a version that does not have it', () => {
    expect(() => side(one, 'shadow', ['1', 10])).toThrow(/mail@1 is the champion/)
    expect(() => side(both, 'shadow', ['2', 0])).toThrow(/mail@2 is no shadow/)
  })
})

describe('a rollback', () => {
  const third = promote(promote(promote(undefined, '1'), '2'), '3')

  it('goes back to the last champion that was not removed', () => {
    expect(rolledBack(third, { name, ...cause })).toMatchObject({ champion: '2', previous: ['1'] })
    const past = rolledBack(third, { name, ...cause, isThere: (version) => version !== '2' })
    expect(past).toMatchObject({ champion: '1', previous: [] })
    expect(versionsOf(past)).toEqual(['1'])
  })

  it('needs one that is there', () => {
    expect(() => rolledBack(third, { name, ...cause, isThere: () => false })).toThrow(
      /no earlier champion/,
    )
  })
})

describe('promotedAtMs', () => {
  it('is the time of the promotion, whatever is announced after it, and none after a rollback', () => {
    const at = (atMs: number) => ({ ...cause, atMs })
    const first = promoted(undefined, { name, released: released('1'), ...at(1) })
    const second = promoted(first, { name, released: released('2'), ...at(2) })
    const later = published(second, { name, released: released('3'), ...at(3) })
    expect(later.promotedAtMs).toBe(2)
    const again = promoted(later, { name, released: released('2'), ...at(4) })
    expect([again.promotedAtMs, again.atMs, again.previous]).toEqual([2, 4, ['1']])
    expect(rolledBack(again, { name, ...at(5) }).promotedAtMs).toBeNull()
  })
})

describe('what a change ends', () => {
  it('is the role of the replaced version, and the other role of the version itself', () => {
    const first = side(undefined, 'shadow', ['2', 50])
    const second = side(first, 'challenger', ['2', 10])
    expect(endedParts(first, second)).toEqual([{ role: 'shadow', version: '2' }])
    const third = side(second, 'challenger', ['3', 10])
    expect(endedParts(second, third)).toEqual([{ role: 'challenger', version: '2' }])
    expect(endedParts(third, side(third, 'shadow', ['4', 10]))).toEqual([])
  })
})

describe('a rollback of an unknown model', () => {
  it('says that nothing was published', () => {
    expect(() => rolledBack(undefined, { name: 'mial', ...cause })).toThrow(
      /No version of the model mial was ever published/,
    )
  })
})

describe('what passed the gate', () => {
  const first = promote(undefined, '1')
  const passed = (state: ModelAnnouncement, version: string) => passedGate(state, released(version))

  it('is a champion, an earlier one, a challenger, and what was published last', () => {
    expect(passedGate(undefined, released('1'))).toBe(false)
    expect(passed(first, '1')).toBe(true)
    expect(passed(promote(first, '2'), '1')).toBe(true)
    expect(passed(side(first, 'challenger', ['2', 10]), '2')).toBe(true)
    expect(passed(published(first, { name, released: released('2'), ...cause }), '2')).toBe(true)
  })

  it('is neither a shadow, while it is one or afterwards, nor another version of the same number', () => {
    const shadowed = side(first, 'shadow', ['2', 10])
    expect(passed(shadowed, '2')).toBe(false)
    expect(passed(side(shadowed, 'shadow', ['2', 0]), '2')).toBe(false)
    expect(passedGate(first, { version: '1', manifestSha256: 'f'.repeat(64) })).toBe(false)
  })
})
