// Property tests draw the same values in every run, so that a commit which fails in one place fails
// in all of them. WINNOW_PROPERTY_SEED draws others; fast-check prints the seed of what fails.
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env['WINNOW_PROPERTY_SEED'] ?? 20_260_101) })
