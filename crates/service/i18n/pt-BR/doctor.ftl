### How `doctor` shows its results.

doctor-ok = ok
doctor-warning = aviso
doctor-problem = PROBLEMA
doctor-skipped = ignorado
doctor-hint = dica: { $hint }
doctor-summary = { $ok } ok, { $warning ->
    [one] 1 aviso
   *[other] { $warning } avisos
}, { $problem ->
    [one] 1 problema
   *[other] { $problem } problemas
}, { $skipped ->
    [one] 1 ignorado
   *[other] { $skipped } ignorados
}
