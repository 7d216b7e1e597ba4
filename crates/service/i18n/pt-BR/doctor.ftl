### How `doctor` shows its results.

doctor-ok = ok
doctor-warning = aviso
doctor-problem = PROBLEMA
doctor-skipped = ignorado
doctor-hint = dica: { $hint }
doctor-summary = { $ok } ok, { $warning ->
    [one] { $warning } aviso
   *[other] { $warning } avisos
}, { $problem ->
    [one] { $problem } problema
   *[other] { $problem } problemas
}, { $skipped ->
    [one] { $skipped } ignorado
   *[other] { $skipped } ignorados
}
