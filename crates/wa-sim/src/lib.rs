//! A pretend W-API and WhatsApp CDN on loopback.
