### What `media dismiss` says.

dismiss-name-media = name media, or use --failed or --expired
dismiss-dismissed = dismissed
dismiss-would-be-dismissed = would be dismissed
dismiss-left-alone = left alone: it neither failed nor expired
dismiss-not-found = not found
dismiss-sum = dismissed: { $dismissed }, left alone: { $left }, not found: { $unknown }
dismiss-would-sum = would be dismissed: { $dismissed }, left alone: { $left }, not found: { $unknown }
