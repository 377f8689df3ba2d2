//! SeaORM: one line where the connection is made.
//!
//! Run it with `cargo run -p orms --example sea_orm`.

use std::error::Error;

use gomon::LogListener;
use sea_orm::entity::prelude::*;
use sea_orm::{ConnectOptions, Database, Set};

mod user {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        pub(crate) name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let memory = gomon::MemoryListener::new(100);
    let gomon = gomon::builder()
        .listener(LogListener::stdout())
        .listener(memory.clone())
        .start()?;
    gomon::root("import", import()).await?;
    println!("{}", gomon.shutdown());

    let events = memory.events();
    let find = |key, value| {
        events
            .iter()
            .find(move |event| event[key] == value)
            .unwrap()
    };
    let (import, query) = (find("gomon:fp", "import"), find("summary", "SELECT users"));
    assert_eq!(query["parent"], import["id"]);
    assert_eq!(query["params-count"], 2); // the id and the limit
    Ok(())
}

async fn import() -> Result<(), DbErr> {
    // One connection: each one to `:memory:` would have a database of its own.
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    let mut db = Database::connect(options).await?;
    gomon::sql::sea_orm::install(&mut db);

    db.execute_unprepared("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        .await?;
    let ada = user::ActiveModel {
        name: Set("Ada".to_owned()),
        ..Default::default()
    };
    let ada = ada.insert(&db).await?;
    let found = user::Entity::find_by_id(ada.id).one(&db).await?;
    assert_eq!(found, Some(ada));
    Ok(())
}
