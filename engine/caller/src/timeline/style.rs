//! Colors: on white, and on black for who reads at night.

/// The whole style sheet. Colors for dark pages stand in one block at the end; a viewer that does
/// not know of such blocks shows the light ones.
pub(super) const STYLE: &str = "<defs><pattern id=\"hatch\" width=\"7\" height=\"7\" \
patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"7\" height=\"7\" \
class=\"hatch-ground\"/><rect width=\"2\" height=\"7\" class=\"hatch-stroke\"/></pattern></defs>
<style>
text{font-family:Inter,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif;fill:#1c2333}
.page{fill:#f4f6fa}.card{fill:#fff;stroke:#e3e7ef}.tile{fill:#fff;stroke:#e3e7ef}
.h1{font-size:28px;font-weight:700}.sub{font-size:14px;fill:#5b6579}
.figure{font-size:22px;font-weight:700}.caption{font-size:11px;fill:#5b6579}
.legend{font-size:12px;fill:#3c465a}.legend-heading{font-size:12px;font-weight:600;fill:#1c2333}
.tick{font-size:11px;fill:#7a8498}
.grid{stroke:#eef1f6}.zero{stroke:#d5dae5}
.lane{font-size:13px;font-weight:600}.words{font-size:13px}
.caller-text{fill:#2451b7}.agent-text{fill:#0b6b53}
.unheard{fill:#7f8899;font-style:italic;text-decoration:line-through}
.partial{font-size:10.5px;fill:#7f8899}.partial-tick{stroke:#c3cad7}
.wave-caller{stroke:#3b6fe0;stroke-width:1.2;fill:none}.wave-agent{stroke:#0f9d7a;stroke-width:1.2;fill:none}
.partial-swatch{fill:#c3cad7}.wave-caller-swatch{fill:#3b6fe0}.wave-agent-swatch{fill:#0f9d7a}
.speech-caller{fill:#e8effd}.speech-agent{fill:#e3f6f0}.speech-caller-swatch{fill:#dbe6fc;stroke:#aec4f2}
.hatched{fill:url(#hatch);stroke:#b6bdca}.hatch-ground{fill:#f1f3f7}.hatch-stroke{fill:#b6bdca}
.barge-band{fill:#d9364f;fill-opacity:.13}.barge-swatch{fill:#d9364f}
.barge-line{stroke:#d9364f;stroke-width:1.5;stroke-dasharray:4 3}
.barge-tag{fill:#d9364f}.barge-text{font-size:11.5px;fill:#fff;font-weight:600}
.beam{fill:#dfe4ee;fill-opacity:.6}.frame{fill:none;stroke:#fff}
.response{font-size:19px;font-weight:700}.stage-text{font-size:11px;fill:#1c2333;font-weight:600}
.s-delay{fill:#f6c453}.s-recognizer{fill:#7fb2f5}.s-brain{fill:#b79cf2}.s-voice{fill:#5fd0b8}
.s-lead{fill:#f29b86}.s-rest{fill:#c3cad7}
.flag-text{font-size:10.5px;font-weight:600}.flag-pole{stroke-width:1;stroke-dasharray:2 2}
.f-turn{fill:#8a6400;stroke:#b98a0c}.f-caller{fill:#2451b7;stroke:#3b6fe0}
.f-agent{fill:#0b6b53;stroke:#0f9d7a}.f-barge{fill:#b91f39;stroke:#d9364f}
.f-fault{fill:#b91f39;stroke:#d9364f}.f-quiet{fill:#9aa3b5;stroke:#9aa3b5}
text.flag-text{stroke:none}
@media (prefers-color-scheme:dark){
text{fill:#e8ecf4}.page{fill:#0f131b}.card,.tile{fill:#171d28;stroke:#2a3344}
.sub,.caption{fill:#9aa5ba}.legend{fill:#c2cad9}.legend-heading{fill:#e8ecf4}.tick{fill:#8391a8}
.grid{stroke:#212938}.zero{stroke:#38445a}
.caller-text{fill:#8fb2ff}.agent-text{fill:#5fd9b6}.unheard,.partial{fill:#8a95a9}
.partial-tick{stroke:#48536a}.partial-swatch{fill:#5a667d}
.wave-caller{stroke:#6d98ff}.wave-agent{stroke:#2fc59c}
.wave-caller-swatch{fill:#6d98ff}.wave-agent-swatch{fill:#2fc59c}
.speech-caller{fill:#1d2a47}.speech-agent{fill:#15332d}.speech-caller-swatch{fill:#1d2a47;stroke:#4767ab}
.hatched{stroke:#48536a}.hatch-ground{fill:#1d2431}.hatch-stroke{fill:#3d485c}
.barge-band{fill:#ff5d75;fill-opacity:.2}.beam{fill:#2c3648;fill-opacity:.7}.frame{stroke:#171d28}
.stage-text{fill:#131822}
.f-turn{fill:#f2c14f;stroke:#b98a0c}.f-caller{fill:#8fb2ff;stroke:#6d98ff}
.f-agent{fill:#5fd9b6;stroke:#2fc59c}.f-barge,.f-fault{fill:#ff8195;stroke:#ff5d75}
.f-quiet{fill:#6b7890;stroke:#6b7890}
}
</style>
";
