//! What a call uses up at its vendors.

use types::{VendorDuty, VendorName, VendorShare, VendorUsage};

use super::Session;

impl Session {
    /// What each vendor has been used for so far; only those that have been used, and bill.
    pub(crate) fn vendor_shares(&self) -> Vec<VendorShare> {
        let duties = [
            (VendorDuty::Recognizer, self.hearing.usage()),
            (VendorDuty::Brain, (self.brain.shares(), self.brain.usage())),
            (VendorDuty::Voice, self.speaking.usage()),
        ];
        let mut shares = Vec::new();
        for (duty, (members, alone)) in duties {
            let shared = members.into_iter().map(|(vendor, usage)| (Some(vendor), usage));
            let mut all: Vec<(Option<VendorName>, VendorUsage)> = shared.collect();
            if all.is_empty() {
                all.push((self.node.vendors.first(duty, &self.agent.vendors), alone));
            }
            let used = all.into_iter().filter(|(_, usage)| *usage != VendorUsage::default());
            shares.extend(
                used.filter_map(|(vendor, usage)| {
                    Some(VendorShare { duty, vendor: vendor?, usage })
                }),
            );
        }
        shares
    }
}
