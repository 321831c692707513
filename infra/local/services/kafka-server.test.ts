import { describe, expect, it } from 'vitest'

import { serverProperties } from './kafka-server.ts'

describe('serverProperties', () => {
  const text = serverProperties({ port: 1, controllerPort: 2, storage: 'C:\\state\\kafka' })
  const values = new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
  )

  it('binds and advertises loopback only', () => {
    expect(values.get('listeners')).toBe('PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2')
    expect(values.get('advertised.listeners')).toBe('PLAINTEXT://127.0.0.1:1')
    expect(values.get('controller.quorum.voters')).toBe('1@127.0.0.1:2')
  })

  it('accepts records of 32 MiB, creates no topic by accident, and deletes nothing by age', () => {
    expect(values.get('message.max.bytes')).toBe('33554432')
    expect(values.get('replica.fetch.max.bytes')).toBe('33554432')
    expect(values.get('auto.create.topics.enable')).toBe('false')
    expect(values.get('log.retention.ms')).toBe('-1')
  })

  it('escapes a path for a Java properties file', () => {
    expect(values.get('log.dirs')).toBe('C:\\\\state\\\\kafka')
  })
})
