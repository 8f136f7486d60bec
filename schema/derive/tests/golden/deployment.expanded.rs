// What the derive makes of deployment.rs. Refresh: UPDATE=1 cargo test -p terraform-schema-derive

const _: () = {
    use ::terraform_schema::__private as __schema;
    #[automatically_derived]
    impl __schema::Model for Deployment {
        const NAME: &'static str = "flink_deployment";
        const VERSION: i64 = 1i64;
        fn block() -> __schema::Block {
            let mut block = __schema::described(
                "Runs a Flink application through the Flink Kubernetes Operator.",
            );
            <String as __schema::Field>::declare(
                &mut block,
                "name",
                "Name of the `FlinkDeployment` object.",
                __schema::FieldOptions {
                    requires_replace: true,
                    checks: &[checks::object_name, checks::short],
                    remote: __schema::Some("metadata.name"),
                    ..__schema::FieldOptions::default()
                },
            );
            __schema::flatten(
                &mut block,
                <DeploymentSpec as __schema::Model>::block(),
                __schema::Some("spec"),
            );
            <Computed<
                JobState,
            > as __schema::Field>::declare(
                &mut block,
                "job_state",
                "State of the job.",
                __schema::FieldOptions {
                    remote: __schema::Some("status.jobStatus.state"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Computed<
                String,
            > as __schema::Field>::declare(
                &mut block,
                "uid",
                "UID of the object.",
                __schema::FieldOptions {
                    stable: true,
                    remote: __schema::Some("metadata.uid"),
                    ..__schema::FieldOptions::default()
                },
            );
            block
        }
        fn decode_members(
            object: &__schema::Value,
            path: &__schema::AttributePath,
            problems: &mut __schema::Diagnostics,
        ) -> __schema::Option<Self> {
            let name = <String as __schema::Field>::read(
                object,
                "name",
                false,
                path,
                problems,
            );
            let spec = <DeploymentSpec as __schema::Model>::decode_members(
                object,
                path,
                problems,
            );
            let job_state = <Computed<
                JobState,
            > as __schema::Field>::read(object, "job_state", false, path, problems);
            let uid = <Computed<
                String,
            > as __schema::Field>::read(object, "uid", false, path, problems);
            __schema::Some(Self {
                name: name?,
                spec: spec?,
                job_state: job_state?,
                uid: uid?,
            })
        }
        fn encode_members(&self, members: &mut __schema::Members) {
            let Self { name, spec, job_state, uid } = self;
            <String as __schema::Field>::write(name, members, "name");
            <DeploymentSpec as __schema::Model>::encode_members(spec, members);
            <Computed<
                JobState,
            > as __schema::Field>::write(job_state, members, "job_state");
            <Computed<String> as __schema::Field>::write(uid, members, "uid");
        }
    }
    #[automatically_derived]
    impl __schema::AttributeType for Deployment {
        fn shape() -> __schema::Shape {
            __schema::block_shape(<Self as __schema::Model>::block())
        }
        fn decode(
            value: &__schema::Value,
            path: &__schema::AttributePath,
        ) -> __schema::Result<Self, __schema::Diagnostics> {
            <Self as __schema::Model>::from_value_at(value, path)
        }
        fn encode(&self) -> __schema::Value {
            <Self as __schema::Model>::to_value(self)
        }
    }
};
const _: () = {
    use ::terraform_schema::__private as __schema;
    #[automatically_derived]
    impl __schema::Model for DeploymentSpec {
        const NAME: &'static str = "";
        const VERSION: i64 = 0i64;
        fn block() -> __schema::Block {
            let mut block = __schema::described("What runs.");
            <Option<
                String,
            > as __schema::Field>::declare(
                &mut block,
                "image",
                "Image with Flink and the job.",
                __schema::FieldOptions {
                    remote: __schema::Some("image"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                DeploymentMode,
            > as __schema::Field>::declare(
                &mut block,
                "mode",
                "Who creates the TaskManagers.",
                __schema::FieldOptions {
                    requires_replace: true,
                    assumed: __schema::Some(__schema::Value::from("native")),
                    update_class: __schema::Some(__schema::UpdateClass::Restart),
                    remote: __schema::Some("mode"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                u32,
            > as __schema::Field>::declare(
                &mut block,
                "parallelism",
                "How many tasks run at once.",
                __schema::FieldOptions {
                    assumed: __schema::Some(__schema::Value::from(1i64)),
                    update_class: __schema::Some(__schema::UpdateClass::Scaled),
                    range: __schema::range(__schema::Some("1"), __schema::Some("32768")),
                    remote: __schema::Some("parallelism"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                Number,
            > as __schema::Field>::declare(
                &mut block,
                "share",
                "Least share of a processor.",
                __schema::FieldOptions {
                    assumed: __schema::Some({
                        let value: __schema::Value = defaults::share();
                        value
                    }),
                    update_class: __schema::Some(__schema::UpdateClass::Local),
                    range: __schema::range(__schema::Some("-0.5"), __schema::None),
                    remote: __schema::Some("share"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                Vec<String>,
            > as __schema::Field>::declare(
                &mut block,
                "job_args",
                "Arguments of the job.",
                __schema::FieldOptions {
                    assumed: __schema::Some(__schema::list([])),
                    remote: __schema::Some("args"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                String,
            > as __schema::Field>::declare(
                &mut block,
                "note",
                "Known only here.",
                __schema::FieldOptions {
                    sensitive: true,
                    deprecated: __schema::Some("Leave it out."),
                    ..__schema::FieldOptions::default()
                },
            );
            <Option<
                WriteOnly<String>,
            > as __schema::Field>::declare(
                &mut block,
                "password",
                "Password of the registry.",
                __schema::FieldOptions {
                    update_class: __schema::Some(__schema::UpdateClass::Ignored),
                    remote: __schema::Some("registry.password"),
                    ..__schema::FieldOptions::default()
                },
            );
            <Vec<
                Tls,
            > as __schema::Field>::declare(
                &mut block,
                "tls",
                "Certificates of the ingress.",
                __schema::FieldOptions {
                    update_class: __schema::Some(__schema::UpdateClass::Redeploy),
                    remote: __schema::Some("tls"),
                    ..__schema::FieldOptions::default()
                },
            );
            block
        }
        fn decode_members(
            object: &__schema::Value,
            path: &__schema::AttributePath,
            problems: &mut __schema::Diagnostics,
        ) -> __schema::Option<Self> {
            let image = <Option<
                String,
            > as __schema::Field>::read(object, "image", false, path, problems);
            let mode = <Option<
                DeploymentMode,
            > as __schema::Field>::read(object, "mode", true, path, problems);
            let parallelism = <Option<
                u32,
            > as __schema::Field>::read(object, "parallelism", true, path, problems);
            let share = <Option<
                Number,
            > as __schema::Field>::read(object, "share", true, path, problems);
            let r#type = <Option<
                Vec<String>,
            > as __schema::Field>::read(object, "job_args", true, path, problems);
            let note = <Option<
                String,
            > as __schema::Field>::read(object, "note", false, path, problems);
            let password = <Option<
                WriteOnly<String>,
            > as __schema::Field>::read(object, "password", false, path, problems);
            let tls = <Vec<
                Tls,
            > as __schema::Field>::read(object, "tls", false, path, problems);
            __schema::Some(Self {
                image: image?,
                mode: mode?,
                parallelism: parallelism?,
                share: share?,
                r#type: r#type?,
                note: note?,
                password: password?,
                tls: tls?,
            })
        }
        fn encode_members(&self, members: &mut __schema::Members) {
            let Self { image, mode, parallelism, share, r#type, note, password, tls } = self;
            <Option<String> as __schema::Field>::write(image, members, "image");
            <Option<DeploymentMode> as __schema::Field>::write(mode, members, "mode");
            <Option<u32> as __schema::Field>::write(parallelism, members, "parallelism");
            <Option<Number> as __schema::Field>::write(share, members, "share");
            <Option<Vec<String>> as __schema::Field>::write(r#type, members, "job_args");
            <Option<String> as __schema::Field>::write(note, members, "note");
            <Option<
                WriteOnly<String>,
            > as __schema::Field>::write(password, members, "password");
            <Vec<Tls> as __schema::Field>::write(tls, members, "tls");
        }
    }
    #[automatically_derived]
    impl __schema::AttributeType for DeploymentSpec {
        fn shape() -> __schema::Shape {
            __schema::block_shape(<Self as __schema::Model>::block())
        }
        fn decode(
            value: &__schema::Value,
            path: &__schema::AttributePath,
        ) -> __schema::Result<Self, __schema::Diagnostics> {
            <Self as __schema::Model>::from_value_at(value, path)
        }
        fn encode(&self) -> __schema::Value {
            <Self as __schema::Model>::to_value(self)
        }
    }
};
const _: () = {
    use ::terraform_schema::__private as __schema;
    #[automatically_derived]
    impl __schema::Model for Tls {
        const NAME: &'static str = "";
        const VERSION: i64 = 0i64;
        fn block() -> __schema::Block {
            let mut block = __schema::described(
                "Without serde: nothing here has a path in the custom resource.",
            );
            <Option<
                BTreeSet<String>,
            > as __schema::Field>::declare(
                &mut block,
                "hosts",
                "Host names.",
                __schema::FieldOptions::default(),
            );
            <String as __schema::Field>::declare(
                &mut block,
                "secret_name",
                "Name of the secret.",
                __schema::FieldOptions::default(),
            );
            block
        }
        fn decode_members(
            object: &__schema::Value,
            path: &__schema::AttributePath,
            problems: &mut __schema::Diagnostics,
        ) -> __schema::Option<Self> {
            let hosts = <Option<
                BTreeSet<String>,
            > as __schema::Field>::read(object, "hosts", false, path, problems);
            let secret_name = <String as __schema::Field>::read(
                object,
                "secret_name",
                false,
                path,
                problems,
            );
            __schema::Some(Self {
                hosts: hosts?,
                secret_name: secret_name?,
            })
        }
        fn encode_members(&self, members: &mut __schema::Members) {
            let Self { hosts, secret_name } = self;
            <Option<
                BTreeSet<String>,
            > as __schema::Field>::write(hosts, members, "hosts");
            <String as __schema::Field>::write(secret_name, members, "secret_name");
        }
    }
    #[automatically_derived]
    impl __schema::AttributeType for Tls {
        fn shape() -> __schema::Shape {
            __schema::block_shape(<Self as __schema::Model>::block())
        }
        fn decode(
            value: &__schema::Value,
            path: &__schema::AttributePath,
        ) -> __schema::Result<Self, __schema::Diagnostics> {
            <Self as __schema::Model>::from_value_at(value, path)
        }
        fn encode(&self) -> __schema::Value {
            <Self as __schema::Model>::to_value(self)
        }
    }
};
const _: () = {
    use ::terraform_schema::__private as __schema;
    const CHOICES: &[(&str, &str)] = &[
        ("native", "Flink asks for TaskManagers."),
        ("standalone", "The operator runs a fixed number."),
    ];
    #[automatically_derived]
    impl __schema::AttributeType for DeploymentMode {
        fn shape() -> __schema::Shape {
            __schema::choices_shape(CHOICES, false)
        }
        fn decode(
            value: &__schema::Value,
            path: &__schema::AttributePath,
        ) -> __schema::Result<Self, __schema::Diagnostics> {
            match __schema::Value::as_str(value) {
                __schema::Some("native") => __schema::Ok(Self::Native),
                __schema::Some("standalone") => __schema::Ok(Self::StandAlone),
                _ => __schema::Err(__schema::unknown_choice(value, path, CHOICES)),
            }
        }
        fn encode(&self) -> __schema::Value {
            __schema::Value::string(
                match self {
                    Self::Native => "native",
                    Self::StandAlone => "standalone",
                },
            )
        }
    }
};
const _: () = {
    use ::terraform_schema::__private as __schema;
    const CHOICES: &[(&str, &str)] = &[
        ("RUNNING", "It runs."),
        ("SUSPENDED", "It does not."),
    ];
    #[automatically_derived]
    impl __schema::AttributeType for JobState {
        fn shape() -> __schema::Shape {
            __schema::choices_shape(CHOICES, true)
        }
        fn decode(
            value: &__schema::Value,
            path: &__schema::AttributePath,
        ) -> __schema::Result<Self, __schema::Diagnostics> {
            match __schema::Value::as_str(value) {
                __schema::Some("RUNNING") => __schema::Ok(Self::Running),
                __schema::Some("SUSPENDED") => __schema::Ok(Self::Suspended),
                __schema::Some(text) => {
                    __schema::Ok(Self::Unknown(__schema::String::from(text)))
                }
                _ => __schema::Err(__schema::unknown_choice(value, path, CHOICES)),
            }
        }
        fn encode(&self) -> __schema::Value {
            __schema::Value::string(
                match self {
                    Self::Running => "RUNNING",
                    Self::Suspended => "SUSPENDED",
                    Self::Unknown(text) => text,
                },
            )
        }
    }
};
