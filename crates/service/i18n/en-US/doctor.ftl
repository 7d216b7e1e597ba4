### How `doctor` shows its results.

doctor-ok = ok
doctor-warning = warning
doctor-problem = PROBLEM
doctor-skipped = skipped
doctor-hint = hint: { $hint }
doctor-summary = { $ok } ok, { $warning ->
    [one] { $warning } warning
   *[other] { $warning } warnings
}, { $problem ->
    [one] { $problem } problem
   *[other] { $problem } problems
}, { $skipped ->
    [one] { $skipped } skipped
   *[other] { $skipped } skipped
}
