//! What can be done to a leg that is nothing but its socket.

use crate::front::LegHandle;
use types::{LegAbilities, LegControl, LegOrder, Unavailable};

/// The bundled caller's leg, and any carrier's whose API we do not hold: it can be hung up, by
/// closing its socket, and nothing else.
#[derive(Debug)]
pub(crate) struct SocketLeg;

impl LegControl for SocketLeg {
    fn order(&mut self, order: &LegOrder) -> Result<(), Unavailable> {
        match order {
            // The actor closes the socket when it sees that the order was taken.
            LegOrder::HangUp => Ok(()),
            LegOrder::Transfer { .. } | LegOrder::SendDtmf { .. } => Err(Unavailable::Unsupported),
        }
    }

    fn abilities(&self) -> LegAbilities {
        LegAbilities::NONE
    }
}

/// A leg of a carrier whose API we hold: everything can be had of it. What becomes of an order comes
/// as news.
#[derive(Debug)]
pub(crate) struct CarrierLeg(pub(crate) LegHandle);

impl LegControl for CarrierLeg {
    fn order(&mut self, order: &LegOrder) -> Result<(), Unavailable> {
        match order {
            // The end of the call hangs its leg up, however it came about.
            LegOrder::HangUp => Ok(()),
            LegOrder::Transfer { .. } | LegOrder::SendDtmf { .. } => self.0.wish(order.clone()),
        }
    }

    fn abilities(&self) -> LegAbilities {
        LegAbilities::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_socket_can_only_be_hung_up() {
        let transfer = LegOrder::Transfer { to: "+12125550143".parse().unwrap() };
        assert_eq!(SocketLeg.order(&LegOrder::HangUp), Ok(()));
        assert_eq!(SocketLeg.order(&transfer), Err(Unavailable::Unsupported));
        let keys = LegOrder::SendDtmf { digits: "1#".into() };
        assert_eq!(SocketLeg.order(&keys), Err(Unavailable::Unsupported));
    }
}
