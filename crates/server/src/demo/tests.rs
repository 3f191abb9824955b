use super::*;
use crate::configuration::{Arguments, Mode};

#[tokio::test]
async fn seeding_twice_changes_nothing_but_the_carriers_address() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = Arguments { data: Some(folder.path().to_owned()), ..Arguments::default() };
    let configuration = Configuration::resolve(&arguments, Mode::Demo).unwrap();
    let store = Store::open(&configuration).await.unwrap();
    seed(&store, &configuration).await.unwrap();
    let first = store.load_workspace().await.unwrap();
    assert_eq!((first.managers.len(), first.numbers.len(), first.phones.len(), first.workflows.len()), (4, 5, 1, 1));
    seed(&store, &configuration).await.unwrap();
    assert!(first.differences(&store.load_workspace().await.unwrap()).is_empty());
    let moved = Configuration { demo_carrier: "127.0.0.1:7000".parse().unwrap(), ..configuration };
    seed(&store, &moved).await.unwrap();
    let carrier = store.load_workspace().await.unwrap().carriers.into_values().next().unwrap();
    assert_eq!(carrier.fields.outbound_uri.as_deref(), Some("sip:127.0.0.1:7000"));
}
