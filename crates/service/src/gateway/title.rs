//! The names of the gateways for people.

use super::Gateway;

impl Gateway {
    /// As its maker writes it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Wapi => "W-API",
            Self::Evolution => "Evolution API",
            Self::EvolutionGo => "Evolution GO",
            Self::Zapi => "Z-API",
            Self::Uazapi => "uazapi",
            Self::Meta => "WhatsApp Cloud API (Meta)",
            Self::Dialog360 => "360dialog",
            Self::Waha => "WAHA",
            Self::Wuzapi => "wuzapi",
            Self::Wppconnect => "WPPConnect",
            Self::Gowa => "go-whatsapp-web-multidevice",
            Self::Quepasa => "quepasa",
            Self::Twilio => "Twilio",
            Self::Gupshup => "Gupshup",
        }
    }
}
