### What `media dismiss` prints.

dismiss-name-media = no media is named
    .hint = give ids, or use --failed or --expired
dismiss-sum = { $dismissed } dismissed, { $skipped } skipped, { $not_found } not found
dismiss-would-sum = { $dismissed } would be dismissed, { $skipped } skipped, { $not_found } not found
