//! What `sweep` says.

words! {
    WENT: "gone: {files} files ({bytes} bytes), {deliveries} raw deliveries, {events} events, {attempts} attempts", "removidos: {files} arquivos ({bytes} bytes), {deliveries} entregas brutas, {events} eventos, {attempts} tentativas";
    WOULD_GO: "would go: {files} files ({bytes} bytes), {deliveries} raw deliveries, {events} events, {attempts} attempts", "seriam removidos: {files} arquivos ({bytes} bytes), {deliveries} entregas brutas, {events} eventos, {attempts} tentativas";
    STUCK: "{file} could not be removed: {why}; mend that, and the next sweep takes it", "não foi possível remover {file}: {why}; corrija isso, e a próxima limpeza o remove";
    NO_RULES: "no rule says that files are to go; see [retention] in `midiateca config init`", "nenhuma regra manda remover arquivos; veja [retention] em `midiateca config init`";
}
