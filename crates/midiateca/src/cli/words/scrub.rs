//! What `scrub` says.

words! {
    MISSING: "missing", "faltando";
    ALTERED: "altered", "alterado";
    UNKNOWN: "in no row", "sem registro";
    SUM: "{intact} intact, {missing} missing, {altered} altered, {unknown} in no row", "{intact} intactos, {missing} faltando, {altered} alterados, {unknown} sem registro";
    STOPPED: "stopped; to go on: midiateca scrub --after {after}", "parado; para continuar: midiateca scrub --after {after}";
}
