//! A call's sessions with its agent's vendors: one alone is asked directly, several by turns.

use std::sync::Arc;

use types::{AudioFormat, BusinessId, ChosenVendor, VendorChoice, VendorDuty, VendorName};
use vendor::{
    Brain, BrainContext, BrainEvent, BrainSession, Recognizer, RecognizerEvent, RecognizerRequest,
    RecognizerSession, Sink, VendorError, Voice, VoiceEvent, VoiceRequest, VoiceSession,
};
use vendors::failover::{Duty, Holder, Member, open_brains, open_recognizers, open_voices};

use super::Vendors;

/// A recognizer's session, and the format it is given the audio in.
pub(crate) type Listening = (Box<dyn RecognizerSession>, AudioFormat);

/// Who can do a duty for an agent.
pub(crate) enum Choice<T: ?Sized> {
    /// Nobody of those it names is here.
    Nobody,
    /// One.
    Alone(Arc<T>),
    /// Several, in order.
    Several(Vec<Member<T>>),
}

impl Vendors {
    /// A recognizer's session for a leg in `leg`, and the format it is to be given the audio in.
    pub(crate) fn open_recognizer(
        &self,
        (business, choice): (BusinessId, &[ChosenVendor]),
        leg: AudioFormat,
        request: impl FnOnce(AudioFormat) -> RecognizerRequest,
        events: Arc<dyn Sink<RecognizerEvent>>,
    ) -> Result<Option<Listening>, VendorError> {
        match self.choose(Duty::Recognize, business, choice, |chosen| self.find_recognizer(chosen))
        {
            Choice::Nobody => Ok(None),
            Choice::Alone(recognizer) => {
                let format = recognizer.capabilities().format_for(leg);
                Ok(Some((recognizer.open(&request(format), events)?, format)))
            }
            Choice::Several(members) => {
                let format = members[0].vendor.capabilities().format_for(leg);
                Ok(Some((open_recognizers(members, request(format), events)?, format)))
            }
        }
    }

    /// A brain's session.
    pub(crate) fn open_brain(
        &self,
        choice: &[ChosenVendor],
        context: BrainContext,
        events: Arc<dyn Sink<BrainEvent>>,
    ) -> Result<Option<Box<dyn BrainSession>>, VendorError> {
        let business = context.agent.business;
        match self.choose(Duty::Think, business, choice, |chosen| self.find_brain(chosen)) {
            Choice::Nobody => Ok(None),
            Choice::Alone(brain) => brain.open(context, events).map(Some),
            Choice::Several(members) => {
                let Some(cloud) = &self.cloud else { return Ok(None) };
                Ok(Some(open_brains(members, context, events, cloud.handle())))
            }
        }
    }

    /// A voice's session.
    pub(crate) fn open_voice(
        &self,
        (business, choice): (BusinessId, &[ChosenVendor]),
        request: &VoiceRequest,
        events: Arc<dyn Sink<VoiceEvent>>,
    ) -> Result<Option<Box<dyn VoiceSession>>, VendorError> {
        match self.choose(Duty::Speak, business, choice, |chosen| self.find_voice(chosen)) {
            Choice::Nobody => Ok(None),
            Choice::Alone(voice) => voice.open(request, events).map(Some),
            Choice::Several(members) => {
                let Some(cloud) = &self.cloud else { return Ok(None) };
                Ok(Some(open_voices(members, request.clone(), events, cloud.handle())))
            }
        }
    }

    /// Who a session is with that was opened for `choice`, as long as nobody stands behind it.
    pub(crate) fn first(&self, duty: VendorDuty, choice: &VendorChoice) -> Option<VendorName> {
        let first = |named: &[ChosenVendor], is_here: &dyn Fn(&ChosenVendor) -> bool| {
            named.iter().find(|chosen| is_here(chosen)).map(|chosen| chosen.name)
        };
        match duty {
            VendorDuty::Recognizer => {
                first(&choice.recognizer, &|chosen| self.find_recognizer(chosen).is_some())
            }
            VendorDuty::Brain => first(&choice.brain, &|chosen| self.find_brain(chosen).is_some()),
            VendorDuty::Voice => first(&choice.voice, &|chosen| self.find_voice(chosen).is_some()),
        }
    }

    /// Those of `choice` that are here, each with its health for this business.
    fn choose<T: ?Sized>(
        &self,
        duty: Duty,
        business: BusinessId,
        choice: &[ChosenVendor],
        find: impl Fn(&ChosenVendor) -> Option<Arc<T>>,
    ) -> Choice<T> {
        let here = choice.iter().filter_map(|chosen| Some((chosen, find(chosen)?)));
        let mut here: Vec<(&ChosenVendor, Arc<T>)> = here.collect();
        if here.len() < 2 {
            return here.pop().map_or(Choice::Nobody, |(_, vendor)| Choice::Alone(vendor));
        }
        let members = here.into_iter().map(|(chosen, vendor)| {
            let name = chosen.name;
            let health = self.clinic.health(Holder(business.slug()), duty, name);
            let health = health.with_patience(chosen.late_after);
            Member { name, vendor, health }
        });
        Choice::Several(members.collect())
    }

    /// The recognizer that `chosen` names, as it wants it.
    fn find_recognizer(&self, chosen: &ChosenVendor) -> Option<Arc<dyn Recognizer>> {
        if is_plain(chosen) {
            return self.recognizers.get(&chosen.name).cloned();
        }
        self.cloud.as_ref()?.recognizer(chosen)
    }

    /// The brain that `chosen` names, as it wants it.
    fn find_brain(&self, chosen: &ChosenVendor) -> Option<Arc<dyn Brain>> {
        if is_plain(chosen) {
            return self.brains.get(&chosen.name).cloned();
        }
        self.cloud.as_ref()?.brain(chosen)
    }

    /// The voice that `chosen` names, as it wants it.
    fn find_voice(&self, chosen: &ChosenVendor) -> Option<Arc<dyn Voice>> {
        if is_plain(chosen) {
            return self.voices.get(&chosen.name).cloned();
        }
        self.cloud.as_ref()?.voice(chosen)
    }
}

/// Whether a vendor is wanted as the node has it. What is wanted otherwise is made for the call: settings
/// and an account, no connection, and all of them share the node's.
const fn is_plain(chosen: &ChosenVendor) -> bool {
    chosen.model.is_none() && chosen.voice.is_none()
}
