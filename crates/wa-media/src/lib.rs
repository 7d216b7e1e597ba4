//! Find, decrypt and prove the media of WhatsApp messages.
