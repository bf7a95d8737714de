//! The demo's configuration: the scenario's campaign on loopback.

use super::{DemoError, DemoOptions};
use carillon_carrier::PhoneUser;
use carillon_live::config::Config;
use carillon_sim::Scenario;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// PIN of every agent of the demo, for the agent page.
pub const PIN: &str = "1234";
/// Leads for each agent, at least: a list that runs dry would slow the floor down.
const LEADS_PER_AGENT: u32 = 100;

/// The demo's world for that many agents.
///
/// # Errors
/// [`DemoError::Setting`] for more agents than a scenario takes.
pub fn scenario(agents: u32) -> Result<Scenario, DemoError> {
    let mut scenario = Scenario::demo();
    scenario.agents = agents;
    scenario.leads = scenario.leads.max(LEADS_PER_AGENT.saturating_mul(agents));
    scenario
        .check("demo")
        .map_err(|error| DemoError::Setting(error.to_string()))?;
    Ok(scenario)
}

/// The accounts of the agents' phones, with passwords nobody knows.
pub(super) fn users(agents: u32) -> Result<Vec<PhoneUser>, DemoError> {
    let user = |n| {
        Ok(PhoneUser {
            name: format!("agent{n:02}"),
            password: carillon_carrier::fresh_secret()?,
        })
    };
    (1..=agents).map(user).collect()
}

/// The configuration as its file would read, all but the campaign's settings.
pub fn config_text(
    scenario: &Scenario,
    options: &DemoOptions,
    users: &[PhoneUser],
    carrier: SocketAddr,
    token: &str,
) -> String {
    let trunk = &scenario.trunk;
    let page = options.page_port.unwrap_or(0);
    let mut text = format!(
        "[node]\nname = \"demo\"\ndata_dir = \".\"\nseed = {seed}\n\
         [sip]\nbind = \"127.0.0.1:0\"\n\
         [rtp]\nbind = \"127.0.0.1\"\n\
         [web]\nbind = \"127.0.0.1:{page}\"\nsupervisor_token = \"{token}\"\n\
         [[trunk]]\nname = \"carrier\"\naddress = \"{carrier}\"\ngroup = \"main\"\n\
         channels = {channels}\ncalls_per_second = {rate:?}\n\
         [[campaign]]\nname = \"demo\"\ncaller_ids = [\"+12125550199\"]\n\
         inbound = {{ action = \"message\" }}\n",
        seed = options.seed,
        channels = trunk.channels,
        rate = trunk.calls_per_second,
    );
    for (place, user) in users.iter().enumerate() {
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "[[agent]]\nname = \"{}\"\ndisplay_name = \"Agent {}\"\npin = \"{PIN}\"\npassword = \"{}\"\n",
            user.name,
            place + 1,
            user.password
        );
    }
    text
}

/// The configuration a demo's node runs on. Its campaign is the simulated one in everything
/// that decides about calls; only agents' dispositions, which the simulated floor has no use
/// for, are the usual ones.
///
/// # Errors
/// [`DemoError::Config`].
pub fn live_config(directory: &Path, text: &str, scenario: &Scenario) -> Result<Config, DemoError> {
    let mut config = Config::parse(&directory.join("demo.toml"), text)?;
    for campaign in &mut config.campaigns {
        let dispositions = std::mem::take(&mut campaign.engine.dispositions);
        campaign.engine = carillon_sim::floor::campaign(scenario);
        campaign.engine.dispositions = dispositions;
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_campaign_is_the_simulated_one_and_its_prompts_are_there() {
        let scenario = scenario(12).unwrap();
        assert_eq!(scenario.leads, 1200);
        let users = users(12).unwrap();
        let carrier = "127.0.0.1:5070".parse().unwrap();
        let text = config_text(
            &scenario,
            &DemoOptions::default(),
            &users,
            carrier,
            "0123456789abcdef0123456789abcdef",
        );
        let config = live_config(Path::new("/nowhere"), &text, &scenario).unwrap();
        let live = &config.campaigns[0];
        let mut simulated = carillon_sim::floor::campaign(&scenario);
        simulated.dispositions.clone_from(&live.engine.dispositions);
        assert_eq!(live.engine, simulated);
        assert!(!live.engine.dispositions.is_empty());
        let prompts: Vec<&str> = live.prompts.iter().map(|p| p.name.as_str()).collect();
        assert!(
            prompts.contains(&"abandon") && prompts.contains(&"inbound-closed"),
            "{prompts:?}"
        );
        let trunk = &config.trunks[0].engine;
        assert_eq!((trunk.channels, trunk.calls_per_second), (120, 20.0));
        assert_eq!(trunk.group, "main");
        assert_eq!(config.agents.len(), 12);
    }
}
