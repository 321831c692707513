// Which form of a suite runs: the short one, as in CI, or the long one of `npm run test:long`.
// docs/internals/tests.md says what each form leaves out.

/** Whether this run is the long form. */
export const isLongForm = process.env['TEST_FORM'] === 'long'
