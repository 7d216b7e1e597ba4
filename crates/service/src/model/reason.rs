//! Why a media was not stored: a closed list, what to do about each, and a sentence for people.

use crate::clock::{HOUR, Millis};

/// What a failed attempt calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again: at once within the attempt, then along the ladder in the row.
    Retry,
    /// Try again, but no sooner than this many milliseconds from now.
    RetryAfter(Millis),
    /// A server says that the media cannot be had. One answer is not enough: tried again, and given up once the answers
    /// of several rounds agree.
    Confirm,
    /// Known without asking anybody: trying again changes nothing, somebody has to change something first.
    GiveUp,
}

macro_rules! reasons {
    ($($variant:ident $name:literal $verdict:expr, $english:literal, $portuguese:literal;)*) => {
        /// Why an attempt failed, or why a media stands as it does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $(#[doc = $english] $variant,)* }

        impl Reason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name in the database and in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What to do after an attempt that failed so.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$variant => $verdict,)* }
            }

            /// One sentence in English.
            pub fn english(self) -> &'static str {
                match self { $(Self::$variant => $english,)* }
            }

            /// One sentence in Brazilian Portuguese.
            pub fn portuguese(self) -> &'static str {
                match self { $(Self::$variant => $portuguese,)* }
            }
        }
    };
}

use Verdict::{Confirm, GiveUp, Retry, RetryAfter};

reasons! {
    GatewayUnreachable "gateway_unreachable" Retry, "the gateway could not be reached", "não foi possível falar com o gateway";
    GatewayTimeout "gateway_timeout" Retry, "the gateway did not answer in time", "o gateway não respondeu a tempo";
    GatewayTokenRefused "gateway_token_refused" RetryAfter(HOUR), "the gateway refused the instance's token: set it again with `midiateca instance add`", "o gateway recusou o token da instância: grave-o de novo com `midiateca instance add`";
    GatewayUnknownInstance "gateway_unknown_instance" RetryAfter(HOUR), "the gateway does not know this instance or call", "o gateway não conhece esta instância ou chamada";
    GatewayThrottled "gateway_throttled" Retry, "the gateway asked for fewer calls", "o gateway pediu menos chamadas";
    GatewayFailed "gateway_failed" Retry, "the gateway could not download the media from WhatsApp", "o gateway não conseguiu baixar a mídia do WhatsApp";
    GatewayUnavailable "gateway_unavailable" Retry, "the gateway is out of order (5xx)", "o gateway está fora do ar (5xx)";
    GatewayBadAnswer "gateway_bad_answer" Retry, "the gateway answered something that is not a link", "o gateway respondeu algo que não é um link";
    TokenMissing "token_missing" RetryAfter(HOUR), "no gateway token is kept for this instance: add it with `midiateca instance add --token-env`", "não há token do gateway para esta instância: grave-o com `midiateca instance add --token-env`";
    TokenUnreadable "token_unreadable" RetryAfter(HOUR), "the gateway token cannot be opened, for secret.key is missing or another one: bring the right one back, or add the token again with `midiateca instance add`", "não é possível abrir o token do gateway, pois o secret.key falta ou é outro: restaure o certo, ou grave o token de novo com `midiateca instance add`";
    KeysMissing "keys_missing" GiveUp, "the delivery brought neither key nor path, so there is nothing to fetch with", "a entrega não trouxe chave nem caminho, então não há como buscar";
    Unprovable "unprovable" Confirm, "the delivery brought neither key nor hash, and the bytes are of no known kind, so nothing tells what they are", "a entrega não trouxe chave nem hash, e os bytes não são de nenhum tipo conhecido, então nada diz o que são";
    BadMediaKey "bad_media_key" GiveUp, "the media key is not 32 bytes long", "a chave da mídia não tem 32 bytes";
    LinkRefused "link_refused" Confirm, "the link points to a host that is not allowed (see fetch.allowed_hosts)", "o link aponta para um host não permitido (veja fetch.allowed_hosts)";
    LinkGone "link_gone" Retry, "the gateway's link was dead on arrival", "o link do gateway já não funcionava ao chegar";
    LinkFailed "link_failed" Retry, "the gateway's file server answered with an error", "o servidor de arquivos do gateway respondeu com erro";
    BadDirectPath "bad_direct_path" GiveUp, "the message's path is malformed, so the CDN is not asked", "o caminho da mensagem é malformado, por isso a CDN não é consultada";
    CdnUnreachable "cdn_unreachable" Retry, "WhatsApp's CDN could not be reached", "não foi possível falar com a CDN do WhatsApp";
    CdnThrottled "cdn_throttled" Retry, "WhatsApp's CDN asked for fewer downloads", "a CDN do WhatsApp pediu menos downloads";
    CdnFailed "cdn_failed" Retry, "WhatsApp's CDN is out of order", "a CDN do WhatsApp está fora do ar";
    CdnRefused "cdn_refused" Confirm, "WhatsApp's CDN does not understand the link", "a CDN do WhatsApp não entende o link";
    CdnForbidden "cdn_forbidden" RetryAfter(HOUR), "WhatsApp's CDN refuses the link, often because its query was altered on the way", "a CDN do WhatsApp recusa o link, muitas vezes porque a assinatura foi alterada no caminho";
    CdnExpired "cdn_expired" Confirm, "WhatsApp's link has expired", "o link do WhatsApp expirou";
    CdnGone "cdn_gone" Confirm, "WhatsApp no longer has the file", "o WhatsApp não tem mais o arquivo";
    CdnCorrupt "cdn_corrupt" Retry, "the CDN's bytes are not the ones that were sent", "os bytes da CDN não são os que foram enviados";
    SenderHashWrong "sender_hash_wrong" GiveUp, "the file is the one that was sent, but the message promised another hash", "o arquivo é o que foi enviado, mas a mensagem prometeu outro hash";
    InlineGone "inline_gone" GiveUp, "the bytes that the delivery brought are no longer kept", "os bytes que a entrega trouxe não estão mais guardados";
    InlineMalformed "inline_malformed" GiveUp, "the bytes in the delivery are not base64", "os bytes na entrega não são base64";
    WrongKey "wrong_key" GiveUp, "the bytes are right, but the message's key does not fit them", "os bytes estão certos, mas a chave da mensagem não serve";
    BadPadding "bad_padding" GiveUp, "the sender encrypted the file wrongly", "o remetente cifrou o arquivo de forma errada";
    DownloadTimeout "download_timeout" Retry, "the bytes stopped coming or came too slowly", "os bytes pararam de chegar ou chegaram devagar demais";
    CutShort "cut_short" Retry, "the connection ended before the file did", "a conexão terminou antes do arquivo";
    TooLarge "too_large" Confirm, "the file is larger than fetch.max_file_bytes", "o arquivo é maior que fetch.max_file_bytes";
    EmptyBody "empty_body" Retry, "zero bytes came", "não veio nenhum byte";
    HtmlBody "html_body" Retry, "a web page came instead of the media", "veio uma página da web em vez da mídia";
    JsonBody "json_body" Retry, "a JSON answer came instead of the media", "veio uma resposta JSON em vez da mídia";
    BadEncoding "bad_encoding" Retry, "the server sent the file compressed in a way that cannot be decoded", "o servidor enviou o arquivo comprimido de um modo que não pode ser decodificado";
    StillEncrypted "still_encrypted" Retry, "the bytes are still encrypted", "os bytes ainda estão cifrados";
    HashMismatch "hash_mismatch" Retry, "the bytes do not have the hash that the message promised", "os bytes não têm o hash que a mensagem prometeu";
    StorageFull "storage_full" Retry, "the disk is full", "o disco está cheio";
    StorageFailed "storage_failed" Retry, "the file could not be written", "não foi possível gravar o arquivo";
    Interrupted "interrupted" Retry, "the program stopped in the middle", "o programa parou no meio";
    ViewOnce "view_once" GiveUp, "it is to be seen once, and keep.view_once is off", "é de visualização única, e keep.view_once está desligado";
    Story "story" GiveUp, "it is a story, and keep.stories is off", "é um status, e keep.stories está desligado";
    Newsletter "newsletter" GiveUp, "it is from a channel, and keep.newsletters is off", "é de um canal, e keep.newsletters está desligado";
    Group "group" GiveUp, "it is from a group, and keep.groups is off", "é de um grupo, e keep.groups está desligado";
    KindNotKept "kind_not_kept" GiveUp, "its kind is not among keep.kinds", "o tipo não está em keep.kinds";
    OverSize "over_size" GiveUp, "the message says that it is larger than keep.max_bytes", "a mensagem diz que é maior que keep.max_bytes";
    StickerPack "sticker_pack" GiveUp, "it is a whole pack of stickers, and keep.sticker_packs is off", "é um pacote de figurinhas inteiro, e keep.sticker_packs está desligado";
    Retention "retention" GiveUp, "a retention rule removed it", "uma regra de retenção a removeu";
    Erased "erased" GiveUp, "it was erased on request", "foi apagada a pedido";
    FileLost "file_lost" GiveUp, "its file was lost or altered on the disk", "o arquivo se perdeu ou foi alterado no disco";
    OwnMessage "own_message" GiveUp, "the account sent it itself, and keep.own is off", "foi enviada pela própria conta, e keep.own está desligado";
}

impl Reason {
    /// The reason of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|reason| reason.as_str() == name)
    }

    /// Whether what waits for this reason will wait until somebody mends something.
    pub fn needs_somebody(self) -> bool {
        matches!(
            self,
            Self::GatewayTokenRefused
                | Self::GatewayUnknownInstance
                | Self::TokenMissing
                | Self::TokenUnreadable
                | Self::StorageFull
                | Self::StorageFailed
        )
    }

    /// Whether the host that was asked could not be reached or did not answer in time.
    pub fn is_without_answer(self) -> bool {
        matches!(
            self,
            Self::GatewayTimeout
                | Self::GatewayUnreachable
                | Self::DownloadTimeout
                | Self::CdnUnreachable
        )
    }

    /// Whether another token or API base of the instance may change the outcome.
    pub fn is_of_access(self) -> bool {
        Self::OF_ACCESS.contains(&self)
    }

    /// Whether a host asked for a longer wait than the backoff.
    pub fn is_asked_for(self) -> bool {
        matches!(self, Self::GatewayThrottled | Self::CdnThrottled)
    }

    /// Why media wait for the storage.
    pub const OF_STORAGE: [Self; 2] = [Self::StorageFull, Self::StorageFailed];

    /// Why media wait in an outage of a gateway, of WhatsApp's CDN or of the network, and for nothing of their own.
    pub const OF_NETWORK: [Self; 8] = [
        Self::GatewayUnreachable,
        Self::GatewayTimeout,
        Self::GatewayUnavailable,
        Self::LinkFailed,
        Self::CdnUnreachable,
        Self::CdnFailed,
        Self::DownloadTimeout,
        Self::CutShort,
    ];

    /// See [`Reason::is_of_access`].
    pub const OF_ACCESS: [Self; 4] = [
        Self::GatewayTokenRefused,
        Self::GatewayUnknownInstance,
        Self::TokenMissing,
        Self::TokenUnreadable,
    ];

    /// Whether the media may still be had: by waiting, or once somebody mends what the sentence names.
    pub fn may_heal(self) -> bool {
        !matches!(
            self,
            Self::KeysMissing
                | Self::BadMediaKey
                | Self::Unprovable
                | Self::SenderHashWrong
                | Self::BadPadding
                | Self::WrongKey
                | Self::InlineMalformed
                | Self::Erased
        )
    }

    /// Whether the CDN has said its last word, so that only the gateway may still help.
    pub fn is_final_for_cdn(self) -> bool {
        matches!(self, Self::CdnExpired | Self::CdnGone | Self::CdnRefused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_name_of_its_own_that_reads_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
    }

    /// Every reason for which a media ends at once. The rest is a server's word, and is asked for again.
    #[test]
    fn only_what_is_known_without_a_server_or_proven_by_it_ends_a_media_at_once() {
        use Reason as R;
        let of_the_delivery = [
            R::KeysMissing,
            R::BadMediaKey,
            R::BadDirectPath,
            R::InlineGone,
            R::InlineMalformed,
        ];
        // The bytes are authentic by the media key's MAC or by the hash that the message promised.
        let proven = [R::SenderHashWrong, R::WrongKey, R::BadPadding];
        let by_rule = [
            R::ViewOnce,
            R::Story,
            R::Newsletter,
            R::Group,
            R::KindNotKept,
            R::OverSize,
            R::StickerPack,
            R::OwnMessage,
        ];
        let afterwards = [R::Retention, R::Erased, R::FileLost];
        let allowed = [&of_the_delivery[..], &proven, &by_rule, &afterwards].concat();
        for reason in Reason::ALL {
            let ends = reason.verdict() == Verdict::GiveUp;
            assert_eq!(ends, allowed.contains(reason), "{reason:?}");
        }
    }
}
