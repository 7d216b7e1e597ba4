### How `doctor` shows its results.

doctor-ok = ok
doctor-warning = warning
doctor-problem = PROBLEM
doctor-skipped = skipped
doctor-hint = hint: { $hint }
doctor-summary = { $ok } ok, { $warning ->
    [one] 1 warning
   *[other] { $warning } warnings
}, { $problem ->
    [one] 1 problem
   *[other] { $problem } problems
}, { $skipped ->
    [one] 1 skipped
   *[other] { $skipped } skipped
}
