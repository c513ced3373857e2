//! Signal: the WebSocket conversation with a browser.
