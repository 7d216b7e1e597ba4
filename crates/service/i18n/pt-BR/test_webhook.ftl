### What `test-webhook` says.

test-webhook-too-large = uma entrega com mais de { $limit } bytes não é aceita
test-webhook-names-no-instance = a entrega não indica uma instância, e a forma dela não é de um gateway conhecido: informe uma com --instance ID ({ $candidates })
test-webhook-several = a entrega tem a forma de { $gateway } e não indica nenhuma das instâncias dele: informe uma com --instance ID ({ $candidates })
test-webhook-none-of-gateway = a entrega tem a forma de { $gateway }, e nenhuma instância é desse gateway: informe uma com --instance ID ({ $candidates })
test-webhook-no-sample = as entregas do gateway { $gateway } não trazem arquivos, por isso não há exemplo para { $id }
    .hint = informe como ARQUIVO uma entrega que o gateway enviou; `midiateca deliveries show` exibe uma
test-webhook-no-instance = ainda não há instância: `midiateca instance add ID --client N --token-env VAR`, ou experimente `midiateca demo`
