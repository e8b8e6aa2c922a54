// Log lines contain no secret, wherever in an entry it was.
import { describe, expect, it } from 'vitest'
import { describeError, redact } from '../../packages/shared/src/process/redaction.ts'

describe('a text', () => {
  it.each([
    ['connect to postgres://waybill:secret@db:5432/x failed', 'secret'],
    ['redis://:secret@redis:6379', 'secret'],
    ['https://f/a.csv?X-Amz-Credential=AKIA%2F2026&X-Amz-Signature=0123abcd&x=1', '0123abcd'],
    ['https://f/a.csv?X-Amz-Credential=AKIA%2F2026&X-Amz-Signature=0123abcd&x=1', 'AKIA'],
    ['{"header":"Authorization: Bearer abcdefgh.ijkl-m_n=="}', 'ijkl'],
    ['token eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln is bad', 'eyJzdWIiOiJhIn0'],
    [`key wb_${'a1-_'.repeat(11).slice(0, 43)} is unknown`, 'a1-_a1'],
    ['secret whsec_c2VjcmV0+/c2VjcmV0== rotated', 'c2VjcmV0'],
  ])('loses its secret: %s', (line, secret) => {
    expect(line).toContain(secret)
    const said = redact(line)
    expect(said).not.toContain(secret)
    expect(said).toContain('[redacted')
  })

  it.each([
    'GET https://files.example.com/bucket/exports/a@b.csv 404',
    '{"actor":"wb_abcdefgh","msg":"the bearer of bad news"}',
    'user@example.com at http://localhost:8080',
  ])('without one stays as it is: %s', (line) => expect(redact(line)).toBe(line))
})

describe('an error', () => {
  it('is logged with name, message and cause, without properties of libraries', () => {
    const cause = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['secret'] }, code: 'EAUTH' })
    const error = new AggregateError([new TypeError('inner')], 'outer', { cause })
    const described = describeError(Object.assign(error, { $metadata: { httpStatusCode: 403 }, headers: 'secret' }))
    expect(described).toMatchObject({
      type: 'AggregateError',
      message: 'outer',
      status: 403,
      cause: { message: 'WRONGPASS', code: 'EAUTH' },
      errors: [{ type: 'TypeError', message: 'inner' }],
    })
    expect(JSON.stringify(described)).not.toContain('secret')
  })

  it('that is its own cause, or not an Error, can be logged', () => {
    const error = new Error('round')
    error.cause = error
    expect(JSON.stringify(describeError(error)).match(/"round"/g)?.length).toBeLessThan(10)
    expect(describeError({ password: 'secret' })).toBe('object')
    expect(describeError('text')).toBe('text')
  })
})
